import BuildModel
import CanonicalJSON

/// Why a stage has to run.
package enum Reason: Hashable, Sendable {
    /// No build of this recipe had a stage of this name.
    case newStage
    /// A parameter differs from the last build's; `origin` is the recipe field that it came from, where one is written.
    case parameter(name: String, origin: Origin?, old: JSON, new: JSON)
    /// The artifact of an input differs from the last build's.
    case input(name: String, stage: String)
    case kind(old: String, new: String)
    case revision(old: Int, new: Int)
    /// Anything else that the key covers.
    case other(path: String, old: JSON, new: JSON)
    /// These inputs are not built yet.
    case inputNotBuilt(stages: [String])
    /// All is as in the last build, but the store lacks the result.
    case resultMissing

    package var json: JSON {
        switch self {
        case .newStage: ["reason": "new-stage"]
        case .parameter(let name, let origin, let old, let new):
            [
                "reason": "parameter",
                "field": .string(origin?.field ?? name),
                "file": origin.map { .string($0.file) } ?? .null,
                "line": origin.map { .integer(Int64($0.line)) } ?? .null,
                "column": origin.map { .integer(Int64($0.column)) } ?? .null,
                "old": old, "new": new,
            ]
        case .input(let name, let stage): ["reason": "input", "input": .string(name), "stage": .string(stage)]
        case .kind(let old, let new): ["reason": "kind", "old": .string(old), "new": .string(new)]
        case .revision(let old, let new):
            ["reason": "revision", "old": .integer(Int64(old)), "new": .integer(Int64(new))]
        case .other(let path, let old, let new): ["reason": "other", "what": .string(path), "old": old, "new": new]
        case .inputNotBuilt(let stages): ["reason": "input-not-built", "stages": .array(stages.map(JSON.string))]
        case .resultMissing: ["reason": "result-missing"]
        }
    }

    /// The reason in words.
    package var text: String {
        switch self {
        case .newStage: "new"
        case .parameter(let name, let origin, let old, let new):
            "\(origin?.field ?? name): \(old.canonicalText) → \(new.canonicalText)"
                + (origin.map { " (\($0.file):\($0.line):\($0.column))" } ?? "")
        case .input(let name, let stage): "input \(name) changed (\(stage))"
        case .kind(let old, let new): "kind \(old) → \(new)"
        case .revision(let old, let new): "revision \(old) → \(new) of the kind"
        case .other(let path, let old, let new): "\(path): \(old.canonicalText) → \(new.canonicalText)"
        case .inputNotBuilt(let stages): "waits for " + stages.joined(separator: ", ")
        case .resultMissing: "the store has no result"
        }
    }
}
