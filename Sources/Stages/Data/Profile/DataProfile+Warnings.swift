extension DataProfile {
    /// Training rows of a function below which it is hardly learnt.
    private static let fewRows = 10
    /// How many times the rows of the rarest function those of the most frequent may be.
    private static let greatestRatio = 20
    private static let mostNames = 10

    /// What speaks against training on these rows: sentences without a full stop.
    package var warnings: [String] {
        balance + answers + overlap
    }

    /// Functions that no row calls.
    var uncalled: [String] { functions.keys.filter { calls[$0] == nil }.sorted() }

    private var trained: [(name: String, rows: Int)] {
        calls.compactMap { name, sets in sets[RowSets.training].map { (name: name, rows: $0) } }
            .sorted { ($0.name, $0.rows) < ($1.name, $1.rows) }
    }

    private var balance: [String] {
        var warnings: [String] = []
        if !uncalled.isEmpty { warnings.append("no row calls \(Self.listed(uncalled))") }
        guard rows[RowSets.training] != nil, read == rows.values.reduce(0, +) else { return warnings }
        let few = trained.filter { $0.rows < Self.fewRows }.map { "\($0.name) (\($0.rows))" }
        if !few.isEmpty { warnings.append("fewer than \(Self.fewRows) training rows call \(Self.listed(few))") }
        if let most = trained.max(by: { $0.rows < $1.rows }), let least = trained.min(by: { $0.rows < $1.rows }),
            most.rows > Self.greatestRatio * least.rows
        {
            warnings.append(
                "the training rows are unbalanced: \(most.rows) call \(most.name), \(least.rows) call \(least.name)")
        }
        if let labelled = labels[RowSets.training], labelled.count > 1, labelled.count <= Self.mostLabels,
            let most = labelled.max(by: { ($0.value, $1.key) < ($1.value, $0.key) }),
            let least = labelled.min(by: { ($0.value, $0.key) < ($1.value, $1.key) }),
            most.value > Self.greatestRatio * least.value
        {
            warnings.append(
                "the training rows are unbalanced: \(most.value) have the label '\(most.key)', \(least.value) '\(least.key)'")
        }
        return warnings
    }

    private var answers: [String] {
        var warnings: [String] = []
        if repeats.other.count > 0 {
            warnings.append("\(repeats.other.count) rows have the query of an earlier row of their set and another answer")
        }
        if unfit.count > 0 { warnings.append("\(unfit.count) rows have answers that do not fit their functions") }
        return warnings
    }

    private var overlap: [String] {
        overlaps.sorted { $0.key < $1.key }.compactMap { set, overlap in
            guard overlap.exact > 0 else { return nil }
            return "\(overlap.exact) of \(overlap.compared) rows of \(set) have the query of a training row"
        }
    }

    static func listed(_ names: [String]) -> String {
        let more = names.count > mostNames ? " and \(names.count - mostNames) more" : ""
        return names.prefix(mostNames).joined(separator: ", ") + more
    }
}
