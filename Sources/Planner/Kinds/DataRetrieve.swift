import Words

/// Replaces the functions that each row lists by those of the whole pool that are nearest to its query, the nearest first.
///
/// A function's document is its name cut into words, its description, and the names and descriptions of its parameters. What is
/// retrieved stands as it is, whether it holds the wanted functions or not. Training rows never list a function that rows of
/// other sets call and no training row does; rows of the other sets choose from the whole pool.
///
/// Inputs: `data` (of `data.split`), `encoder` (a sentence encoder's folder, of any depth) where the method is `embedding`.
/// Output: as `data.split`, and `recall.json`: per set, the share of the rows with calls whose functions are all among the
/// first k, before any are added.
package struct DataRetrieve: StageKind {
    package static let name = "data.retrieve"
    package static let revision = 1
    package static let inputs: [InputDeclaration] = [.required("data"), .optional("encoder")]

    package var method: RetrievalMethod
    /// Functions kept for each row.
    package var topK: Int
    /// Whether a training row's functions that were missed take the last places of its list.
    package var addMissed: Bool

    package init(method: RetrievalMethod, topK: Int, addMissed: Bool) {
        self.method = method
        self.topK = topK
        self.addMissed = addMissed
    }

    package var runsModel: Bool { method == .embedding }
    package func memory(_ inputs: [String: Int]) -> Int { Memory.retrieving(inputs) }
}
