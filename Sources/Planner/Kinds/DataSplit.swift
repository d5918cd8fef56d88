import Words

/// Divides rows into sets by a hash of each row's id, so that a row's set never depends on the rows beside it.
///
/// Inputs: `data` (of `data.generate` or `data.ingest`).
/// Output: `functions.json` and one `<set>.jsonl` per set that has rows: `train`, `valid`, `test`, `phrasing` (held-out
/// templates), `values` (held-out values), `ood` (functions that no training row shows), and those that rows were read under.
package struct DataSplit: StageKind {
    package static let name = "data.split"
    package static let revision = 1
    package static let inputs: [InputDeclaration] = [.required("data")]
    /// The names of the sets that are Decant's own; rows of all others keep the functions that they came with.
    package static let standardSets: Set<String> = Set(RowSet.allCases.map(\.rawValue))

    /// Share of the rows not otherwise placed; rows that `data.ingest` read as test rows are test rows all the same.
    package var test: Double
    package var valid: Double
    /// Functions that are out of domain: sorted names, and patterns in which `*` is any run of characters.
    package var outOfDomain: [String]
    /// Functions listed with each row (its own and others by hash); 0 lists those that the row came with, else all in domain.
    package var candidates: Int
    /// Share of the others that share a word with a function that the row calls; `nil` where words do not matter.
    package var similar: Double?
    /// Share of the rows with a call, by hash, whose functions are not listed: they want no call. `nil` for none.
    package var missing: Double?
    /// At most this many rows a set, chosen by hash; sets not named keep all.
    package var limit: [String: Int]
    package var seed: Int

    package init(
        test: Double, valid: Double, outOfDomain: [String], candidates: Int, similar: Double? = nil, missing: Double? = nil,
        limit: [String: Int], seed: Int
    ) {
        self.test = test
        self.valid = valid
        self.outOfDomain = outOfDomain
        self.candidates = candidates
        self.similar = similar
        self.missing = missing
        self.limit = limit
        self.seed = seed
    }
}
