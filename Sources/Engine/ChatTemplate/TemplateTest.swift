/// The tests of `is`.
enum TemplateTest: String {
    case defined, undefined, none, string, number, integer, float, boolean, mapping, iterable, sequence, callable
    case `true`, `false`, even, odd, divisibleby, sameas, eq, equalto, ne, `in`
}

extension TemplateEvaluator {
    mutating func holds(
        _ test: TemplateTest, of value: TemplateValue, _ arguments: [TemplateValue]
    ) throws(TemplateError) -> Bool {
        switch (test, value) {
        case (.defined, .undefined): return false
        case (.defined, _): return true
        case (.undefined, .undefined), (.none, .none), (.string, .string), (.mapping, .mapping), (.callable, .function),
            (.boolean, .bool), (.integer, .integer), (.float, .real), (.number, .integer), (.number, .real), (.number, .bool),
            (.iterable, .string), (.iterable, .list), (.iterable, .mapping), (.iterable, .undefined),
            (.sequence, .string), (.sequence, .list), (.sequence, .mapping), (.sequence, .undefined):
            return true
        case (.true, .bool(let value)): return value
        case (.false, .bool(let value)): return !value
        case (.even, .integer(let value)): return value % 2 == 0
        case (.odd, .integer(let value)): return value % 2 != 0
        case (.divisibleby, .integer(let value)):
            guard let divisor = arguments.first?.integer, divisor != 0 else {
                throw failure("divisibleby takes a number but 0")
            }
            return value.remainderReportingOverflow(dividingBy: divisor).partialValue == 0
        case (.sameas, _), (.eq, _), (.equalto, _), (.ne, _):
            guard let other = arguments.first else { throw failure("'is \(test.rawValue)' takes a value") }
            return value.equals(other) != (test == .ne)
        case (.in, _):
            guard let container = arguments.first else { throw failure("'is in' takes a container") }
            return try contains(container, value)
        default: return false
        }
    }
}
