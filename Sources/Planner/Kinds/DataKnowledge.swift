/// Gives each row the snippets of a knowledge file that are nearest to its query, the nearest first.
///
/// Inputs: `data` (of `data.split` or `data.retrieve`), `snippets` (JSON lines with `text`, or a YAML list of texts), `encoder`
/// (a sentence encoder's folder) where the method is `embedding`.
/// Output: as its input `data`.
public struct DataKnowledge: StageKind {
    public static let name = "data.knowledge"
    public static let revision = 1
    public static let inputs: [InputDeclaration] = [.required("data"), .required("snippets"), .optional("encoder")]

    public var method: RetrievalMethod
    /// Snippets of each row at most; with `bm25` none that shares no word with the query.
    public var topK: Int

    public init(method: RetrievalMethod, topK: Int) {
        self.method = method
        self.topK = topK
    }

    public func memory(_ inputs: [String: Int]) -> Int { Memory.retrieving(inputs) }
}
