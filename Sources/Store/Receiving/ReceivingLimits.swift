/// How much of a remote is taken at all. What is more is refused before it is read.
package struct ReceivingLimits: Sendable {
    /// Git objects of one pack.
    package var gitObjects = 4_000_000
    package var packBytes = 4 << 30
    package var references = 1_000_000
    /// Files of one artifact.
    package var files = 1_000_000
    /// Bytes of a commit or an annotated tag.
    package var commitBytes = 256 << 10
    /// Bytes of an `action.json`.
    package var actionBytes = 4 << 20
    /// Bytes of a `plan.json`.
    package var planBytes = 64 << 20
    /// Bytes of a recipe, its lock, and each recipe that it extends.
    package var recipeBytes = 4 << 20
    /// Bytes of a note on a run.
    package var noteBytes = 64 << 10
    /// Bytes of the `.gitattributes` of an artifact of many files.
    package var attributesBytes = 64 << 20
    /// Bytes of one object.
    package var objectBytes = 1 << 42

    package init() {}
}
