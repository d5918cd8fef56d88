import CanonicalJSON

/// When two argument values are one, by the rules of BFCL's AST checker.
///
/// Texts are equal when they differ only in case, spaces, the punctuation `,./-_*^` and the kind of quotes; that holds for an
/// argument, a list's elements and an object's values, and no deeper. Everything else is equal as values of Python are:
/// `1`, `1.0` and `true` are.
enum ValueComparison {
    /// A text without what is not compared.
    static func standardized(_ text: String) -> String {
        var kept = String.UnicodeScalarView()
        kept.append(contentsOf: text.unicodeScalars.lazy.filter { !" ,./-_*^".unicodeScalars.contains($0) })
        return String(kept).lowercased().replacing("'", with: "\"")
    }

    /// The value, standardized where it is a text.
    static func standardized(_ value: JSON) -> JSON {
        if case .string(let text) = value { .string(standardized(text)) } else { value }
    }

    /// Whether a list equals one of the allowed ones.
    static func list(_ value: [JSON], isIn allowed: [JSON]) -> Bool {
        let value = JSON.array(value.map(standardized))
        return allowed.contains { alternative in
            elements(of: alternative).map { areEqual(value, .array($0.map(standardized))) } ?? false
        }
    }

    /// Whether every object of a list, in its order, matches that of an allowed list.
    static func objects(_ value: [JSON], areIn allowed: [JSON]) -> Bool {
        allowed.contains { alternative in
            guard let wanted = elements(of: alternative), wanted.count == value.count else { return false }
            return zip(value, wanted).allSatisfy { object($0, isIn: [$1]) }
        }
    }

    /// Whether an object has only keys of an allowed one, with values that it allows, and all keys that may not be left out.
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

    /// What the checker walks over: a list's elements; a text counts as the list of its characters.
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
            // By code points: texts that only look alike are two.
            return left.utf8.elementsEqual(right.utf8)
        case (.array(let left), .array(let right)):
            return left.count == right.count && zip(left, right).allSatisfy(areEqual)
        case (.object(let left), .object(let right)):
            return left.count == right.count
                && left.allSatisfy { key, value in right[key].map { areEqual(value, $0) } ?? false }
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
        case .integer, .real: value
        default: nil
        }
    }
}
