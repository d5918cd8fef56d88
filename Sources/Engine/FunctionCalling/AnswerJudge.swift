/// Whether an answer is right, and why not.
package enum Verdict: Hashable, Sendable {
    case accepted
    /// A sentence without its full stop.
    case rejected(String)

    package var isAccepted: Bool { self == .accepted }
}

/// Rules that decide whether a model's response answers a row.
package enum AnswerJudge: String, Hashable, Sendable {
    /// The rules of BFCL's AST checker: see `ASTComparison`. Where no call is wanted, any response without calls is right.
    case ast
    /// Calls with identical names and arguments, in any order.
    case exact

    /// - Parameter functions: the pool's definitions by name; the row's own definitions override them.
    package func verdict(on response: String, for row: Row, functions: [String: FunctionDefinition]) -> Verdict {
        switch CallParser.calls(in: response) {
        case .failure where self == .ast && row.answers.isEmpty: .accepted
        case .failure(let error): .rejected(error.description)
        case .success(let calls): verdict(on: calls, for: row, functions: functions)
        }
    }

    package func verdict(on calls: [FunctionCall], for row: Row, functions: [String: FunctionDefinition]) -> Verdict {
        if row.answers.isEmpty, let call = calls.first { return .rejected("no call is wanted, but \(call.name) is called") }
        guard calls.count == row.answers.count else {
            return .rejected("\(calls.count) calls where \(row.answers.count) are wanted")
        }
        switch self {
        case .ast:
            let question = ASTQuestion(row, functions: functions)
            return Self.match(calls.map(question.prepared), with: question.wanted, name: \.name) { call, wanted in
                ASTComparison.difference(of: call, from: wanted, function: question.definition(of: wanted.name))
            }
        case .exact:
            return Self.match(calls.map(\.canonical), with: row.answers.map(\.canonical), name: \.name) { call, wanted in
                call == wanted ? nil : Self.firstDifference(of: call, from: wanted)
            }
        }
    }

    /// Pairs every wanted call with the first right call that is left. There are as many calls as wanted ones, in any order.
    private static func match<Wanted>(
        _ calls: [FunctionCall], with wanted: [Wanted], name: (Wanted) -> String,
        difference: (FunctionCall, Wanted) -> String?
    ) -> Verdict {
        var left = calls
        for call in wanted {
            if let index = left.firstIndex(where: { difference($0, call) == nil }) {
                left.remove(at: index)
            } else {
                let nearest = left.first { $0.name == name(call) } ?? left[0]
                return .rejected(difference(nearest, call) ?? "a call of \(name(call)) is missing")
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

/// The calls that the AST rules compare with: the row's possible answers, or its one answer.
private struct ASTQuestion {
    private let row: Row
    private let functions: [String: FunctionDefinition]
    let wanted: [PossibleCall]

    init(_ row: Row, functions: [String: FunctionDefinition]) {
        (self.row, self.functions) = (row, functions)
        wanted =
            row.possible
            ?? row.answers.map { answer in
                let definition = row.definition(of: answer.name, in: functions)
                return PossibleCall(only: answer.widened(to: definition), of: definition)
            }
    }

    func definition(of name: String) -> FunctionDefinition? { row.definition(of: name, in: functions) }

    /// The call for the comparison: numbers keep their spelling where the row has possible answers, else follow the schema.
    func prepared(_ call: FunctionCall) -> FunctionCall {
        row.possible == nil ? call.widened(to: definition(of: call.name)) : call
    }
}
