import CanonicalJSON

/// What every task counts: rows, answers that are right and identical, and how long responses are. Nothing is identical to what
/// nobody has said: unlabelled rows count among the right ones alone.
struct AnswerCounts: Hashable, Sendable {
    private var rows = 0
    private var accepted = 0
    private var exact = 0
    private var unlabelled = 0
    private var lengths: [Int] = []

    mutating func add(_ answer: ScoredAnswer) {
        rows += 1
        accepted += answer.isAccepted ? 1 : 0
        exact += answer.isExact && !answer.row.isUnlabelled ? 1 : 0
        unlabelled += answer.row.isUnlabelled ? 1 : 0
        lengths.append(answer.responseTokens)
    }

    /// The scores by name.
    var members: [String: JSON] {
        let mean = lengths.isEmpty ? 0 : Double(lengths.reduce(0, +)) / Double(lengths.count)
        let variance = lengths.reduce(0.0) { $0 + (Double($1) - mean) * (Double($1) - mean) } / Double(max(1, lengths.count))
        var members: [String: JSON] = [
            "rows": .count(rows), "ar": rows == 0 ? .null : .number(Double(accepted) / Double(rows)), "exact": share(exact),
            "response_tokens_mean": .number(mean), "response_tokens_deviation": .number(variance.squareRoot()),
        ]
        if unlabelled > 0 { members["unlabelled_rows"] = .count(unlabelled) }
        return members
    }

    private var labelled: Int { rows - unlabelled }

    /// Over the rows that say what is right.
    func mean(_ sum: Double) -> JSON { labelled == 0 ? .null : .number(sum / Double(labelled)) }

    /// Of the rows that say what is right.
    func share(_ part: Int) -> JSON { mean(Double(part)) }
}
