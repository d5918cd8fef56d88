import CanonicalJSON

/// What every task counts: rows, answers that are right and identical, and how long responses are.
struct AnswerCounts: Hashable, Sendable {
    private var rows = 0
    private var accepted = 0
    private var exact = 0
    private var lengths: [Int] = []

    mutating func add(_ answer: ScoredAnswer) {
        rows += 1
        accepted += answer.isAccepted ? 1 : 0
        exact += answer.isExact ? 1 : 0
        lengths.append(answer.responseTokens)
    }

    /// The scores by name.
    var members: [String: JSON] {
        let mean = lengths.isEmpty ? 0 : Double(lengths.reduce(0, +)) / Double(lengths.count)
        let variance = lengths.reduce(0.0) { $0 + (Double($1) - mean) * (Double($1) - mean) } / Double(max(1, lengths.count))
        return [
            "rows": .count(rows), "ar": share(accepted), "exact": share(exact), "response_tokens_mean": .number(mean),
            "response_tokens_deviation": .number(variance.squareRoot()),
        ]
    }

    func mean(_ sum: Double) -> JSON { rows == 0 ? .null : .number(sum / Double(rows)) }

    func share(_ part: Int) -> JSON { rows == 0 ? .null : .number(Double(part) / Double(rows)) }
}
