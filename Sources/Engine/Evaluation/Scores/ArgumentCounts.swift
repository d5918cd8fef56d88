import CanonicalJSON

/// Counts arguments of calls: precision, recall and F1 over function, argument and value together, summed over all rows
/// (micro).
///
/// A value is right where the rules of `ast` allow it. An argument that may be left out is wanted where it is given. Each
/// wanted call is held against the call of its function that has most of its arguments right; what calls of other functions
/// have is wrong.
package struct ArgumentCounts: Hashable, Sendable {
    private var right = 0
    private var wanted = 0
    private var given = 0

    package init() {}

    /// - Parameters:
    ///   - answer: `nil`, or no list of calls, gives no argument.
    ///   - functions: definitions by name.
    package mutating func add(_ row: Row, answer: String?, functions: [String: FunctionDefinition]) {
        var calls = answer.flatMap { try? CallParser.calls(in: $0).get() } ?? []
        given += calls.reduce(0) { $0 + $1.arguments.count }
        let wantedCalls =
            row.possible ?? row.answers.map { PossibleCall(only: $0, of: row.definition(of: $0.name, in: functions)) }
        for wanted in wantedCalls {
            let function = row.definition(of: wanted.name, in: functions)
            let rated = calls.indices.filter { calls[$0].name == wanted.name }.map { place in
                (place: place, right: Self.right(of: calls[place], wanted, function))
            }
            // Of equally good calls, the first.
            let best = rated.max { ($0.right, $1.place) < ($1.right, $0.place) }
            let call = best.map { calls.remove(at: $0.place) }
            right += best?.right ?? 0
            self.wanted += wanted.arguments.count { name, values in
                call?.arguments[name] != nil || !values.contains(PossibleCall.leftOut)
            }
        }
    }

    /// How many of a call's arguments are right.
    private static func right(of call: FunctionCall, _ wanted: PossibleCall, _ function: FunctionDefinition?) -> Int {
        call.arguments.count { name, value in
            guard let allowed = wanted.arguments[name] else { return false }
            return ASTComparison.allows(value, among: allowed, schema: function?.schema(of: name))
        }
    }

    /// The scores by name; `null` where there is no argument.
    package var members: [String: JSON] {
        [
            "argument_precision": .share(right, of: given), "argument_recall": .share(right, of: wanted),
            "argument_f1": .share(2 * right, of: wanted + given),
        ]
    }
}
