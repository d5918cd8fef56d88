/// Whether an answer is right, and why not.
public enum Verdict: Hashable, Sendable {
    case accepted
    /// A sentence without its full stop.
    case rejected(String)

    public var isAccepted: Bool { self == .accepted }
}

/// Decides whether a model's response answers a row.
public enum AnswerJudge: String, Hashable, Sendable {
    /// The rules of BFCL's AST checker: see `ASTComparison`.
    case ast
    /// Names and key-value pairs identical, the calls in any order.
    case exact

    /// - Parameter functions: definitions by name.
    public func verdict(on response: String, for row: Row, functions: [String: FunctionDefinition]) -> Verdict {
        switch CallParser.calls(in: response) {
        case .failure(let error): .rejected(error.description)
        case .success(let calls): verdict(on: calls, for: row, functions: functions)
        }
    }

    public func verdict(on calls: [FunctionCall], for row: Row, functions: [String: FunctionDefinition]) -> Verdict {
        if row.answers.isEmpty, let call = calls.first { return .rejected("no call is wanted, but \(call.name) is called") }
        guard calls.count == row.answers.count else {
            return .rejected("\(calls.count) calls where \(row.answers.count) are wanted")
        }
        return Self.match(calls, with: row.answers) { call, wanted in
            switch self {
            case .ast: ASTComparison.difference(of: call, from: wanted, functions: functions)
            case .exact: call == wanted ? nil : Self.firstDifference(of: call, from: wanted)
            }
        }
    }

    /// Pairs every wanted call with a call of its own, in any order.
    ///
    /// Greedy pairing is enough: two calls that equal the same wanted one are interchangeable.
    private static func match(
        _ calls: [FunctionCall], with wanted: [FunctionCall], difference: (FunctionCall, FunctionCall) -> String?
    ) -> Verdict {
        var left = calls
        for call in wanted {
            if let index = left.firstIndex(where: { difference($0, call) == nil }) {
                left.remove(at: index)
            } else {
                let nearest = left.first { $0.name == call.name } ?? left[0]
                return .rejected(difference(nearest, call) ?? "a call of \(call.name) is missing")
            }
        }
        return .accepted
    }

    private static func firstDifference(of call: FunctionCall, from wanted: FunctionCall) -> String {
        guard call.name == wanted.name else { return "\(call.name) is called where \(wanted.name) is wanted" }
        for name in Set(call.arguments.keys).union(wanted.arguments.keys).sorted()
        where call.arguments[name] != wanted.arguments[name] {
            let found = call.arguments[name]?.canonicalText ?? "nothing"
            return "\(wanted.name): '\(name)' is \(found) where \(wanted.arguments[name]?.canonicalText ?? "nothing") is wanted"
        }
        return "\(wanted.name) differs"
    }
}
