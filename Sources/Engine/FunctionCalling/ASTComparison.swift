import CanonicalJSON

/// The rules of the Berkeley function-calling leaderboard's AST checker for one call.
///
/// A call is right where its function is the wanted one, every required argument is present, no argument is unknown or unwanted,
/// every value has the schema's type and is one of the allowed values, and no argument is missing that may not be omitted. An
/// integer is also a number. Where allowed values have another type than the schema's, as names of variables have, a value of
/// that type must equal one of them exactly.
enum ASTComparison {
    /// The difference between a call and the wanted one; `nil` where the call is right.
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

    /// Whether a value is one of an argument's allowed values.
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
        let value = type == .float && ArgumentType(of: value) == .integer ? value.double.map(JSON.real) ?? value : value
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
        /// The value has the schema's type, as the allowed values have.
        case typed
        /// The value has the schema's type and the allowed values do not, or the other way round.
        case variable
    }

    /// Compares a value's type with the schema's and with that of the first allowed value.
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

/// Equality of argument values by the rules of BFCL's AST checker.
///
/// Texts are equal where they differ only in case, spaces, the punctuation `,./-_*^` and the kind of quotes. This holds for an
/// argument, a list's elements and an object's values, and no deeper. All other values are equal as in Python, where `1`, `1.0`
/// and `true` are equal.
enum ValueComparison {
    /// A text without the characters that are not compared.
    static func standardized(_ text: String) -> String {
        var kept = String.UnicodeScalarView()
        kept.append(contentsOf: text.unicodeScalars.lazy.filter { !" ,./-_*^".unicodeScalars.contains($0) })
        return String(kept).lowercased().replacing("'", with: "\"")
    }

    /// The value; a text is standardized.
    static func standardized(_ value: JSON) -> JSON {
        if case .string(let text) = value { .string(standardized(text)) } else { value }
    }

    /// Whether a list equals one of the allowed lists.
    static func list(_ value: [JSON], isIn allowed: [JSON]) -> Bool {
        let value = JSON.array(value.map(standardized))
        return allowed.contains { alternative in
            elements(of: alternative).map { areEqual(value, .array($0.map(standardized))) } ?? false
        }
    }

    /// Whether the objects of a list match those of an allowed list, in order.
    static func objects(_ value: [JSON], areIn allowed: [JSON]) -> Bool {
        allowed.contains { alternative in
            guard let wanted = elements(of: alternative), wanted.count == value.count else { return false }
            return zip(value, wanted).allSatisfy { object($0, isIn: [$1]) }
        }
    }

    /// Whether an object has only keys and values of an allowed object, and all keys that may not be omitted.
    static func object(_ value: JSON, isIn allowed: [JSON]) -> Bool {
        guard let members = value.object else { return false }
        return allowed.contains { alternative in
            guard let wanted = alternative.object else { return false }
            let fits = members.allSatisfy { key, value in
                guard let values = wanted[key].flatMap(elements) else { return false }
                return values.contains { areEqual(standardized(value), standardized($0)) }
            }
            return fits && wanted.allSatisfy { members[$0.key] != nil || allowsLeavingOut($0.value) }
        }
    }

    /// The elements that the checker iterates over: those of a list, or the characters of a text.
    private static func elements(of value: JSON) -> [JSON]? {
        switch value {
        case .array(let elements): elements
        case .string(let text): text.unicodeScalars.map { .string(String($0)) }
        default: nil
        }
    }

    private static func allowsLeavingOut(_ values: JSON) -> Bool {
        values.array?.contains { areEqual($0, PossibleCall.leftOut) } ?? (values.string != nil)
    }

    /// Equality of Python's values.
    static func areEqual(_ left: JSON, _ right: JSON) -> Bool {
        switch (left, right) {
        case (.string(let left), .string(let right)):
            // By code points: texts that only look the same differ.
            return left.utf8.elementsEqual(right.utf8)
        case (.array(let left), .array(let right)):
            return left.count == right.count && zip(left, right).allSatisfy(areEqual)
        case (.object(let left), .object(let right)):
            return left.members.count == right.members.count
                && left.members.allSatisfy { key, value in right.members[key].map { areEqual(value, $0) } ?? false }
        case (.null, .null):
            return true
        default:
            guard let left = number(left), let right = number(right) else { return false }
            return left.canonical == right.canonical
        }
    }

    private static func number(_ value: JSON) -> JSON? {
        switch value {
        case .bool(let value): .integer(value ? 1 : 0)
        case .integer, .real, .decimal: value
        default: nil
        }
    }
}
