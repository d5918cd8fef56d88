import CanonicalJSON

/// The rules of the Berkeley function-calling leaderboard's AST checker for one call.
///
/// The function's name is the wanted one, every required argument is there, no argument is unknown or unwanted, every value has
/// the schema's type and is one of the allowed ones, and no argument is missing that may not be left out. An integer is a fine
/// number. Where allowed values are of another type than the schema's, as names of variables are, a value of that type must
/// equal one exactly.
enum ASTComparison {
    /// What makes a call another one than the wanted; `nil` where it is right.
    ///
    /// - Parameter function: the definition of the wanted function.
    static func difference(
        of call: FunctionCall, from wanted: PossibleCall, function: FunctionDefinition?
    ) -> String? {
        guard call.name == wanted.name else { return "\(call.name) is called where \(wanted.name) is wanted" }
        guard let function else { return "\(call.name) is not defined" }
        if let missing = function.required.first(where: { call.arguments[$0] == nil }) {
            return "\(call.name): the required argument '\(missing)' is missing"
        }
        for (name, value) in call.arguments.sorted(by: { $0.key < $1.key }) {
            guard let schema = function.schema(of: name) else { return "\(call.name) has no argument '\(name)'" }
            guard let allowed = wanted.arguments[name] else { return "\(call.name): '\(name)' is not asked for" }
            switch match(value, allowed: allowed, parameter: ParameterType(schema: schema)) {
            case .right: break
            case .wrongType:
                let type = schema["type"]?.string ?? "value of its type"
                return "\(call.name): '\(name)' is \(value.canonicalText), which is no \(type)"
            case .wrongValue:
                return "\(call.name): '\(name)' is \(value.canonicalText) where \(list(allowed)) is wanted"
            }
        }
        let missing = wanted.arguments.keys.sorted().first { name in
            call.arguments[name] == nil && !(wanted.arguments[name] ?? []).contains(PossibleCall.leftOut)
        }
        return missing.map { "\(call.name): the argument '\($0)' is missing" }
    }

    /// Whether a value is one of an argument's allowed ones.
    static func allows(_ value: JSON, among allowed: [JSON], schema: JSON?) -> Bool {
        match(value, allowed: allowed, parameter: ParameterType(schema: schema)) == .right
    }

    private static func list(_ allowed: [JSON]) -> String {
        allowed.isEmpty ? "nothing" : allowed.map(\.canonicalText).joined(separator: " or ")
    }

    private enum Match {
        case right
        case wrongType
        case wrongValue
    }

    private static func match(_ value: JSON, allowed: [JSON], parameter: ParameterType) -> Match {
        let type = parameter.type ?? ArgumentType(of: value)
        let value = type == .float && ArgumentType(of: value) == .integer ? .real(value.double ?? 0) : value
        switch typing(of: value, allowed: allowed, type: type, element: parameter.element) {
        case .wrong: return .wrongType
        case .variable: return allowed.contains { ValueComparison.areEqual(value, $0) } ? .right : .wrongValue
        case .typed:
            let isAllowed =
                switch (type, value) {
                case (.string, _):
                    allowed.contains {
                        $0.string != nil
                            && ValueComparison.areEqual(ValueComparison.standardized(value), ValueComparison.standardized($0))
                    }
                case (.dictionary, _): ValueComparison.object(value, isIn: allowed)
                case (.list, .array(let elements)) where parameter.element == .dictionary:
                    ValueComparison.objects(elements, areIn: allowed)
                case (.list, .array(let elements)): ValueComparison.list(elements, isIn: allowed)
                default: allowed.contains { ValueComparison.areEqual(value, $0) }
                }
            return isAllowed ? .right : .wrongValue
        }
    }

    private enum Typing {
        case wrong
        /// Of the schema's type, as the allowed values are.
        case typed
        /// Of the allowed values' type, which is not the schema's, or the other way round.
        case variable
    }

    /// What a value's type is worth, given that of the first allowed value that is there.
    private static func typing(of value: JSON, allowed: [JSON], type: ArgumentType, element: ArgumentType?) -> Typing {
        let allowedType = allowed.first { $0 != PossibleCall.leftOut }.map(ArgumentType.init(of:))
        guard ArgumentType(of: value) == type else { return ArgumentType(of: value) == allowedType ? .variable : .wrong }
        let typed: Typing = allowedType == nil || allowedType == type ? .typed : .variable
        guard let element, let elements = value.array else { return typed }
        let fits = allowed.contains { alternative in
            guard let values = alternative.array else { return true }
            return elements.allSatisfy { typing(of: $0, allowed: values, type: element, element: nil) != .wrong }
        }
        return fits ? typed : .wrong
    }
}
