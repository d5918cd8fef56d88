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

/// Which functions were called where which were wanted, and how the answers did that wanted each.
package struct FunctionConfusion: Hashable, Sendable {
    /// Stands where a function's name would: nothing is wanted, or nothing was called.
    package static let noCall = "no call"
    /// Stands for the function that a response calls which is no list of calls.
    package static let unreadable = "no list of calls"

    private struct Tally: Hashable, Sendable {
        var rows = 0
        var accepted = 0
        var exact = 0
    }

    /// Calls by wanted function and called function.
    private var counts: [String: [String: Int]] = [:]
    private var tallies: [String: Tally] = [:]

    package init() {}

    /// - Parameters:
    ///   - wanted: the functions of the calls that are wanted.
    ///   - called: those of the calls that were made; `nil` where the response is no list of calls.
    package mutating func add(wanted: [String], called: [String]?, isAccepted: Bool, isExact: Bool) {
        for function in wanted.isEmpty ? [Self.noCall] : Set(wanted).sorted() {
            var tally = tallies[function] ?? Tally()
            tally.rows += 1
            tally.accepted += isAccepted ? 1 : 0
            tally.exact += isExact ? 1 : 0
            tallies[function] = tally
        }
        for (wanted, called) in Self.pairs(wanted, called) { counts[wanted, default: [:]][called, default: 0] += 1 }
    }

    /// A wanted function and one called in its place: the same one where it was called, else the next that is left.
    private static func pairs(_ wanted: [String], _ called: [String]?) -> [(wanted: String, called: String)] {
        guard let called else { return (wanted.isEmpty ? [noCall] : wanted).map { ($0, unreadable) } }
        guard !wanted.isEmpty || !called.isEmpty else { return [(noCall, noCall)] }
        var surplus = called
        var missed: [String] = []
        var pairs: [(wanted: String, called: String)] = []
        for function in wanted {
            if let index = surplus.firstIndex(of: function) {
                pairs.append((function, surplus.remove(at: index)))
            } else {
                missed.append(function)
            }
        }
        for place in 0..<max(missed.count, surplus.count) {
            pairs.append((place < missed.count ? missed[place] : noCall, place < surplus.count ? surplus[place] : noCall))
        }
        return pairs
    }

    /// `{"functions": {wanted: {"rows", "ar", "exact"}}, "called": {wanted: {called: calls}}}`
    package var json: JSON {
        [
            "functions": .object(
                tallies.mapValues { tally in
                    [
                        "rows": .integer(Int64(tally.rows)), "ar": .number(Double(tally.accepted) / Double(tally.rows)),
                        "exact": .number(Double(tally.exact) / Double(tally.rows)),
                    ]
                }),
            "called": .object(counts.mapValues { .object($0.mapValues { .integer(Int64($0)) }) }),
        ]
    }
}
