import CanonicalJSON

/// Rows, and how many of them were answered right.
private struct Tally: Hashable, Sendable {
    private(set) var rows = 0
    private(set) var accepted = 0
    private(set) var exact = 0

    mutating func add(isAccepted: Bool, isExact: Bool) {
        rows += 1
        accepted += isAccepted ? 1 : 0
        exact += isExact ? 1 : 0
    }
}

/// The scores of a set's answers.
package struct AnswerScores: Hashable, Sendable {
    /// Of rows that want a call, and of rows that want none.
    private var calls = Tally()
    private var noCalls = Tally()
    /// Of rows of which nobody has said what they want: nothing can be identical to that.
    private var unlabelled = Tally()
    private var lengths: [Int] = []

    package init() {}

    /// - Parameters:
    ///   - wantsCall: `nil` for an unlabelled row.
    ///   - responseTokens: tokens of the response without `<|end|>`.
    package mutating func add(wantsCall: Bool?, isAccepted: Bool, isExact: Bool, responseTokens: Int) {
        switch wantsCall {
        case true?: calls.add(isAccepted: isAccepted, isExact: isExact)
        case false?: noCalls.add(isAccepted: isAccepted, isExact: isExact)
        case nil: unlabelled.add(isAccepted: isAccepted, isExact: false)
        }
        lengths.append(responseTokens)
    }

    /// The scores by name. Shares are between 0 and 1; `null` where there is no such row.
    package var json: JSON {
        let labelled = calls.rows + noCalls.rows
        let rows = labelled + unlabelled.rows
        let mean = lengths.isEmpty ? 0 : Double(lengths.reduce(0, +)) / Double(lengths.count)
        let variance = lengths.reduce(0.0) { $0 + (Double($1) - mean) * (Double($1) - mean) } / Double(max(1, lengths.count))
        var members: [String: JSON] = [
            "rows": .integer(Int64(rows)),
            "ar": .share(calls.accepted + noCalls.accepted + unlabelled.accepted, of: rows),
            "exact": .share(calls.exact + noCalls.exact, of: labelled),
            "call_rows": .integer(Int64(calls.rows)),
            "call_ar": .share(calls.accepted, of: calls.rows),
            "call_exact": .share(calls.exact, of: calls.rows),
            "no_call_rows": .integer(Int64(noCalls.rows)),
            "no_call_ar": .share(noCalls.accepted, of: noCalls.rows),
            "no_call_exact": .share(noCalls.exact, of: noCalls.rows),
            "response_tokens_mean": .number(mean),
            "response_tokens_deviation": .number(variance.squareRoot()),
        ]
        if unlabelled.rows > 0 { members["unlabelled_rows"] = .integer(Int64(unlabelled.rows)) }
        return .object(members)
    }
}

/// The functions that were called in place of each wanted function, and the scores of the answers that wanted each.
package struct FunctionConfusion: Hashable, Sendable {
    /// The name that stands for no function: no call is wanted, or none was made.
    package static let noCall = "no call"
    /// The name that stands for the function called by a response that is no list of calls.
    package static let unreadable = "no list of calls"

    /// Calls by wanted function and called function.
    private var counts: [String: [String: Int]] = [:]
    private var tallies: [String: Tally] = [:]

    package init() {}

    /// - Parameters:
    ///   - wanted: the functions of the calls that are wanted.
    ///   - called: the functions of the calls that were made; `nil` where the response is no list of calls.
    package mutating func add(wanted: [String], called: [String]?, isAccepted: Bool, isExact: Bool) {
        for function in wanted.isEmpty ? [Self.noCall] : Set(wanted).sorted() {
            tallies[function, default: Tally()].add(isAccepted: isAccepted, isExact: isExact)
        }
        for (wanted, called) in Self.pairs(wanted, called) { counts[wanted, default: [:]][called, default: 0] += 1 }
    }

    /// Pairs each wanted function with the function called in its place: itself where it was called, else the next one left.
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
