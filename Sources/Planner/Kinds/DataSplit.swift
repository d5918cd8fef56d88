/// Divides rows into sets by a hash of each row's id, so that a row's set never depends on the rows beside it.
///
/// Inputs: `data` (of `data.generate` or `data.ingest`).
/// Output: `functions.json` and one `<set>.jsonl` per set that has rows: `train`, `valid`, `test`, `phrasing` (held-out
/// templates), `values` (held-out values), `ood` (functions that no training row shows), and those that rows were read under.
public struct DataSplit: StageKind {
    public static let name = "data.split"
    public static let revision = 1
    public static let inputs: [InputDeclaration] = [.required("data")]
    /// The names of the sets that are Decant's own; rows of all others keep the functions that they came with.
    public static let standardSets: Set<String> = ["train", "valid", "test", "phrasing", "values", "ood"]

    /// Share of the rows not otherwise placed; rows that `data.ingest` read as test rows are test rows all the same.
    public var test: Double
    public var valid: Double
    /// Functions that are out of domain: sorted names, and patterns in which `*` is any run of characters.
    public var outOfDomain: [String]
    /// Functions listed with each row (its own and others by hash); 0 lists those that the row came with, else all in domain.
    public var candidates: Int
    /// Share of the others that share a word with a function that the row calls; `nil` where words do not matter.
    public var similar: Double?
    /// Share of the rows with a call, by hash, whose functions are not listed: they want no call. `nil` for none.
    public var missing: Double?
    /// At most this many rows a set, chosen by hash; sets not named keep all.
    public var limit: [String: Int]
    public var seed: Int

    public init(
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
