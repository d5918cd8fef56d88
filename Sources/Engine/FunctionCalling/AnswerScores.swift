import CanonicalJSON

/// How a set's answers did.
package struct AnswerScores: Hashable, Sendable {
    private struct Tally: Hashable, Sendable {
        var rows = 0
        var accepted = 0
        var exact = 0

        mutating func count(accepted isAccepted: Bool, exact isExact: Bool) {
            rows += 1
            accepted += isAccepted ? 1 : 0
            exact += isExact ? 1 : 0
        }
    }

    /// Rows that want a call, and rows that want none.
    private var calls = Tally()
    private var noCalls = Tally()
    private var lengths: [Int] = []

    package init() {}

    /// - Parameter responseTokens: `<|end|>` not counted.
    package mutating func add(wantsCall: Bool, isAccepted: Bool, isExact: Bool, responseTokens: Int) {
        if wantsCall {
            calls.count(accepted: isAccepted, exact: isExact)
        } else {
            noCalls.count(accepted: isAccepted, exact: isExact)
        }
        lengths.append(responseTokens)
    }

    /// Shares are between 0 and 1, `null` where there is no such row.
    package var json: JSON {
        let rows = calls.rows + noCalls.rows
        let mean = lengths.isEmpty ? 0 : Double(lengths.reduce(0, +)) / Double(lengths.count)
        let variance = lengths.reduce(0.0) { $0 + (Double($1) - mean) * (Double($1) - mean) } / Double(max(1, lengths.count))
        return [
            "rows": .integer(Int64(rows)),
            "ar": share(calls.accepted + noCalls.accepted, of: rows),
            "exact": share(calls.exact + noCalls.exact, of: rows),
            "call_rows": .integer(Int64(calls.rows)),
            "call_ar": share(calls.accepted, of: calls.rows),
            "call_exact": share(calls.exact, of: calls.rows),
            "no_call_rows": .integer(Int64(noCalls.rows)),
            "no_call_ar": share(noCalls.accepted, of: noCalls.rows),
            "no_call_exact": share(noCalls.exact, of: noCalls.rows),
            "response_tokens_mean": .number(mean),
            "response_tokens_deviation": .number(variance.squareRoot()),
        ]
    }

    private func share(_ part: Int, of whole: Int) -> JSON { whole == 0 ? .null : .number(Double(part) / Double(whole)) }
}
