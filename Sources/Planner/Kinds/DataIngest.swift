/// Reads rows of a published format into Decant's.
///
/// Inputs: `train.0`, `train.1`, … and `test.0`, … in the recipe's order, of one file or several.
/// Output: `functions.json`, `rows.jsonl` (rows carry the set that their file was named under; where a row defines a function
/// otherwise than the first row that had one of this name, also its own `definitions`).
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
        /// Berkeley function calling: questions, and possible answers in files of their own, joined by id.
        case bfcl
    }

    public var format: Format

    public init(format: Format) { self.format = format }
}
