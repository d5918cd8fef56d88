/// Reads rows of a published format into Decant's.
///
/// Inputs: `train.0`, `train.1`, … and `test.0`, … in the recipe's order, one file each.
/// Output: `functions.json`, `rows.jsonl` (rows carry the set that their file was named under).
public struct DataIngest: StageKind {
    public static let name = "data.ingest"
    public static let revision = 2
    public static let inputs: [InputDeclaration] = [.numbered("train"), .numbered("test")]

    public enum Format: String, Codable, Hashable, Sendable, CaseIterable {
        /// JSON lines: `id`, `query`, `tools`, `answers`, `expect`.
        case decant
        /// OpenAI chat JSON lines: `messages` and `tools`.
        case openai
        /// SNIPS NLU benchmark: one intent a file, text spans with entities.
        case snips
        /// xLAM function calling: `query`, `tools`, `answers`, the last two as JSON in a string.
        case xlam
        /// Berkeley function calling: questions, and possible answers in a file of their own.
        case bfcl
    }

    public var format: Format

    public init(format: Format) { self.format = format }
}
