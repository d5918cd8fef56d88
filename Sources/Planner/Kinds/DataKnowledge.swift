import Words

/// Gives each row the snippets of a knowledge file that are nearest to its query, the nearest first.
///
/// Inputs: `data` (of `data.split` or `data.retrieve`), `snippets` (JSON lines with `text`, or a YAML list of texts), `encoder`
/// (a sentence encoder's folder) where the method is `embedding`.
/// Output: as its input `data`.
package struct DataKnowledge: StageKind {
    package static let name = "data.knowledge"
    package static let revision = 1
    package static let inputs: [InputDeclaration] = [.required("data"), .required("snippets"), .optional("encoder")]

    package var method: RetrievalMethod
    /// Snippets of each row at most; with `bm25` none that shares no word with the query.
    package var topK: Int

    package init(method: RetrievalMethod, topK: Int) {
        self.method = method
        self.topK = topK
    }

    package func memory(_ inputs: [String: Int]) -> Int { Memory.retrieving(inputs) }
}
