import CanonicalJSON

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
