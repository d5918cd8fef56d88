import CanonicalJSON

extension FunctionDefinition {
    /// Why the function cannot be called with these arguments, in a sentence without its full stop; `nil` where it can.
    ///
    /// Every required argument is there, no other than the function's, each of its schema's type and among its `enum`.
    package func fault(in call: FunctionCall) -> String? {
        if let missing = required.first(where: { call.arguments[$0] == nil }) {
            return "\(name): the required argument '\(missing)' is missing"
        }
        for (argument, value) in call.arguments.sorted(by: { $0.key < $1.key }) {
            guard let schema = schema(of: argument) else { return "\(name) has no argument '\(argument)'" }
            guard takes([argument: value]) else {
                let type = schema["type"]?.string ?? "value of its type"
                return "\(name): '\(argument)' is \(value.canonicalText), which is no \(type)"
            }
            if let allowed = schema["enum"]?.array, !allowed.contains(where: { $0.canonical == value.canonical }) {
                return "\(name): '\(argument)' is \(value.canonicalText), which its 'enum' does not have"
            }
        }
        return nil
    }
}

extension Row {
    /// Why the row's own answers do not fit its functions, so that no answer is right that fits them; `nil` where they fit, and
    /// where a function is not known.
    ///
    /// - Parameter pool: definitions by name.
    package func answerFault(functions pool: [String: FunctionDefinition]) -> String? {
        for call in answers {
            guard let function = definition(of: call.name, in: pool) else { return nil }
            if let fault = function.fault(in: call) { return fault }
        }
        guard case .rejected(let reason) = AnswerJudge.ast.verdict(on: answers, for: self, functions: pool) else { return nil }
        return reason
    }
}

extension CallParser {
    /// Reads a response as calls of known functions.
    ///
    /// - Parameter functions: definitions by name.
    package static func calls(
        in response: String, of functions: [String: FunctionDefinition]
    ) -> Result<[FunctionCall], RowError> {
        calls(in: response).flatMap { calls -> Result<[FunctionCall], RowError> in
            for call in calls {
                guard let function = functions[call.name] else {
                    return .failure(RowError("there is no function '\(call.name)'"))
                }
                if let fault = function.fault(in: call) { return .failure(RowError(fault)) }
            }
            return .success(calls)
        }
    }
}
