/// How much of a remote is taken at all. What is more is refused before it is read.
public struct ReceivingLimits: Sendable {
    /// Git objects of one pack.
    public var gitObjects = 4_000_000
    public var packBytes = 4 << 30
    public var references = 1_000_000
    /// Files of one artifact.
    public var files = 1_000_000
    /// Bytes of a commit or an annotated tag.
    public var commitBytes = 256 << 10
    /// Bytes of an `action.json`.
    public var actionBytes = 4 << 20
    /// Bytes of a `plan.json`.
    public var planBytes = 64 << 20
    /// Bytes of a recipe, its lock, and each recipe that it extends.
    public var recipeBytes = 4 << 20
    /// Bytes of a note on a run.
    public var noteBytes = 64 << 10
    /// Bytes of the `.gitattributes` of an artifact of many files.
    public var attributesBytes = 64 << 20
    /// Bytes of one object.
    public var objectBytes = 1 << 42

    public init() {}
}
