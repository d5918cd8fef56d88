/// The tests of `is`.
package enum TemplateTest: String, Sendable {
    case defined, undefined, none, string, number, integer, float, boolean, mapping, iterable, sequence, callable, escaped
    case `true`, `false`, even, odd, divisibleby, sameas, eq, ne, lt, le, gt, ge, `in`, lower, upper, filter, test

    /// A test by one of its names.
    init?(named name: String) {
        switch name {
        case "==", "equalto": self = .eq
        case "!=": self = .ne
        case "<", "lessthan": self = .lt
        case "<=": self = .le
        case ">", "greaterthan": self = .gt
        case ">=": self = .ge
        default: self.init(rawValue: name)
        }
    }

    /// The symbol of a comparison.
    fileprivate var symbol: String? {
        switch self {
        case .eq, .sameas: "=="
        case .ne: "!="
        case .lt: "<"
        case .le: "<="
        case .gt: ">"
        case .ge: ">="
        case .in: "in"
        default: nil
        }
    }
}

extension TemplateEvaluator {
    mutating func holds(
        _ test: TemplateTest, of value: TemplateValue, _ given: TemplateArguments
    ) throws(TemplateError) -> Bool {
        let names =
            switch test {
            case .divisibleby: ["num"]
            case .sameas, .eq, .ne, .lt, .le, .gt, .ge: ["other"]
            case .in: ["seq"]
            default: [String]()
            }
        let arguments = try TemplateParameters(given, names, of: "the test '\(test.rawValue)'", budget)
        guard let name = names.first else { return try holds(test, of: value) }
        guard let other = arguments[name] else { throw failure("'is \(test.rawValue)' takes a value") }
        if let symbol = test.symbol {
            if test == .sameas, !Self.isSameKind(value, other) { return false }
            return try holds(symbol, value, other)
        }
        guard let number = value.integer, let divisor = other.integer, divisor != 0 else {
            throw failure("divisibleby takes a number but 0")
        }
        return number.remainderReportingOverflow(dividingBy: divisor).partialValue == 0
    }

    /// `1` is equal to `true`, and not the same.
    private static func isSameKind(_ a: TemplateValue, _ b: TemplateValue) -> Bool {
        switch (a, b) {
        case (.bool, .bool), (.none, .none), (.undefined, .undefined), (.integer, .integer), (.real, .real), (.string, .string),
            (.list, .list), (.mapping, .mapping), (.namespace, .namespace), (.iterator, .iterator):
            true
        default: false
        }
    }

    private mutating func holds(_ test: TemplateTest, of value: TemplateValue) throws(TemplateError) -> Bool {
        switch (test, value) {
        case (.defined, .undefined): return false
        case (.defined, _): return true
        case (.undefined, .undefined), (.none, .none), (.string, .string), (.mapping, .mapping), (.callable, .function),
            (.callable, .loop), (.boolean, .bool), (.integer, .integer), (.integer, .longInteger), (.float, .real),
            (.number, .integer), (.number, .longInteger), (.number, .real), (.number, .bool),
            (.iterable, .string), (.iterable, .list), (.iterable, .mapping), (.iterable, .undefined), (.iterable, .iterator),
            (.iterable, .loop), (.sequence, .string), (.sequence, .mapping), (.sequence, .undefined):
            return true
        case (.sequence, .list(let list)): if case .view = list.kind { return false } else { return true }
        case (.true, .bool(let value)): return value
        case (.false, .bool(let value)): return !value
        case (.even, _), (.odd, _):
            guard let number = value.integer else { throw failure("'is \(test.rawValue)' takes a whole number") }
            return (number % 2 == 0) == (test == .even)
        case (.lower, _), (.upper, _):
            let text = try text(value).scan(&budget)
            let cased = text.unicodeScalars.filter { $0.properties.isCased }
            return !cased.isEmpty && cased.allSatisfy { test == .lower ? $0.properties.isLowercase : $0.properties.isUppercase }
        case (.filter, .string(let name)): return TemplateFilter(rawValue: try name.read(&budget)) != nil
        case (.test, .string(let name)): return TemplateTest(named: try name.read(&budget)) != nil
        default: return false
        }
    }
}
