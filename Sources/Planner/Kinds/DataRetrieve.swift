/// Replaces the functions that each row lists by those of the whole pool that are nearest to its query.
///
/// Inputs: `data` (of `data.split`), `encoder` (a sentence encoder) where the method is `embedding`.
/// Output: as `data.split`, and `recall.json` (recall at k per set).
public struct DataRetrieve: StageKind {
    public static let name = "data.retrieve"
    public static let revision = 1
    public static let inputs: [InputDeclaration] = [.required("data"), .optional("encoder")]

    public enum Method: String, Codable, Hashable, Sendable, CaseIterable {
        case bm25
        case embedding
    }

    public var method: Method
    /// Functions kept for each row.
    public var topK: Int

    public init(method: Method, topK: Int) {
        self.method = method
        self.topK = topK
    }

    public var runsModel: Bool { method == .embedding }
}
