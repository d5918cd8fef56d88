extension DataProfile {
    /// Training rows of a function or label below which it is hardly learnt.
    private static let fewRows = 10
    /// How many times the rows of the rarest of them those of the most frequent may be.
    private static let greatestRatio = 20
    private static let mostNames = 10

    /// What speaks against training on these rows: sentences without a full stop.
    package var warnings: [String] {
        balance + mistakes + overlap
    }

    /// Functions that no row calls, and labels that no row has.
    var unused: [String] {
        switch description.kind {
        case .calls: functions.keys.filter { answers[$0] == nil }.sorted()
        case .classify: description.labels.filter { answers[$0] == nil }
        case .extract, .text, .choice, .rank: []
        }
    }

    private var trained: [(name: String, rows: Int)] {
        answers.compactMap { name, sets in sets[RowSets.training].map { (name: name, rows: $0) } }
            .sorted { ($0.rows, $0.name) < ($1.rows, $1.name) }
    }

    private var balance: [String] {
        var warnings: [String] = []
        let (one, many) = description.kind == .calls ? ("calls", "call") : ("has the label", "have the label")
        if !unused.isEmpty { warnings.append("no row \(one) \(Self.listed(unused))") }
        guard rows[RowSets.training] != nil, read == rows.values.reduce(0, +) else { return warnings }
        let few = trained.filter { $0.rows < Self.fewRows }.map { "\($0.name) (\($0.rows))" }
        if !few.isEmpty { warnings.append("fewer than \(Self.fewRows) training rows \(many) \(Self.listed(few))") }
        if let least = trained.first, let most = trained.last, most.rows > Self.greatestRatio * least.rows {
            warnings.append(
                "the training rows are unbalanced: \(most.rows) \(many) \(most.name), \(least.rows) \(least.name)")
        }
        return warnings
    }

    private var mistakes: [String] {
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
