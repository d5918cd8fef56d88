extension TemplateEvaluator {
    mutating func value(of expression: TemplateExpression) throws(TemplateError) -> TemplateValue {
        try budget.descend()
        defer { budget.ascend() }
        try budget.spend(0)
        switch expression.kind {
        case .none: return .none
        case .bool(let value): return .bool(value)
        case .integer(let value): return .integer(value)
        case .real(let value): return .real(value)
        case .string(let text): return TemplateValue(text: text)
        case .name(let name): return try value(ofName: name)
        case .list(let elements): return try made(try values(of: elements))
        case .mapping(let members): return try mapping(members)
        case .attribute(let object, let name): return try member(name, of: try value(of: object))
        case .item(let object, let index): return try item(try value(of: index), of: try value(of: object))
        case .slice(let object, let from, let to, let step):
            return try slice(of: try value(of: object), try optional(from), try optional(to), try optional(step))
        case .call(let function, let arguments): return try call(try value(of: function), arguments)
        case .filter(let operand, let name, let arguments):
            guard let filter = TemplateFilter(rawValue: name) else { throw failure("the filter '\(name)' is not supported") }
            return try apply(filter, to: try value(of: operand), try self.arguments(arguments))
        case .test(let operand, let name, let arguments):
            guard let test = TemplateTest(rawValue: name) else { throw failure("the test '\(name)' is not supported") }
            return .bool(try holds(test, of: try value(of: operand), try self.arguments(arguments).values))
        case .not(let operand): return .bool(!(try value(of: operand).isTrue))
        case .negative(let operand): return try binary("-", .integer(0), try value(of: operand))
        case .and(let left, let right):
            let left = try value(of: left)
            return left.isTrue ? try value(of: right) : left
        case .or(let left, let right):
            let left = try value(of: left)
            return left.isTrue ? left : try value(of: right)
        case .binary(let symbol, let left, let right): return try binary(symbol, try value(of: left), try value(of: right))
        case .comparison(let first, let parts): return .bool(try compare(first, parts))
        case .conditional(let condition, let then, let otherwise):
            if try value(of: condition).isTrue { return try value(of: then) }
            return try optional(otherwise) ?? .undefined("else")
        }
    }

    private mutating func optional(_ expression: TemplateExpression?) throws(TemplateError) -> TemplateValue? {
        guard let expression else { return nil }
        return try value(of: expression)
    }

    private mutating func values(of expressions: [TemplateExpression]) throws(TemplateError) -> [TemplateValue] {
        try expressions.map { expression throws(TemplateError) in try value(of: expression) }
    }

    private mutating func mapping(
        _ members: [(key: TemplateExpression, value: TemplateExpression)]
    ) throws(TemplateError) -> TemplateValue {
        var mapping = TemplateMapping([])
        for member in members {
            guard case .string(let key) = try value(of: member.key) else { throw failure("a mapping's keys are strings") }
            try mapping.set(try key.read(&budget), to: try value(of: member.value), &budget)
        }
        return .mapping(mapping)
    }

    private mutating func member(_ name: String, of object: TemplateValue) throws(TemplateError) -> TemplateValue {
        let method = TemplateMethod(rawValue: name)
        switch object {
        case .undefined: throw failure("'\(name)' is asked of \(object.kind)")
        case .mapping(let mapping):
            if !mapping.isNamespace, method?.isOfMappings == true { return .function(.method(name, of: object)) }
            return try mapping.value(of: name, &budget) ?? .undefined(name)
        case .string: return method == nil ? .undefined(name) : .function(.method(name, of: object))
        default: return .undefined(name)
        }
    }

    private mutating func item(_ index: TemplateValue, of object: TemplateValue) throws(TemplateError) -> TemplateValue {
        switch (object, index) {
        case (.undefined, _): throw failure("an item is asked of \(object.kind)")
        case (.mapping(let mapping), .string(let key)):
            let key = try key.read(&budget)
            return try mapping.value(of: key, &budget) ?? .undefined(key)
        case (.list(let elements), _): return index.integer.flatMap { elements[$0] } ?? .undefined("an item of a list")
        case (.string(let text), _):
            guard let number = index.integer, let character = Self.character(number, of: try text.scan(&budget)) else {
                return .undefined("a character of a string")
            }
            return try made(String(character))
        default: return .undefined("an item of \(object.kind)")
        }
    }

    /// A character by its index; negative indices count from the end.
    private static func character(_ index: Int, of text: String) -> Unicode.Scalar? {
        let scalars = text.unicodeScalars
        if index >= 0 { return scalars.dropFirst(index).first }
        guard index > -1 - text.utf8.count else { return nil }
        let rest = scalars.suffix(-index)
        return rest.count == -index ? rest.first : nil
    }

    private mutating func slice(
        of object: TemplateValue, _ from: TemplateValue?, _ to: TemplateValue?, _ step: TemplateValue?
    ) throws(TemplateError) -> TemplateValue {
        let step = step?.integer ?? 1
        guard step != 0 else { throw failure("a slice's step is 0") }
        func indices(_ count: Int) -> [Int] {
            func clamped(_ value: TemplateValue?, otherwise: Int) -> Int {
                guard let index = value?.integer else { return otherwise }
                let place = index < 0 ? max(index, -count - 1) + count : index
                return step > 0 ? min(max(place, 0), count) : min(max(place, -1), count - 1)
            }
            let first = clamped(from, otherwise: step > 0 ? 0 : count - 1)
            let distance = (clamped(to, otherwise: step > 0 ? count : -1) - first) * step.signum()
            guard distance > 0 else { return [] }
            // The last of them lies within the list, so no product overflows.
            return (0...Int((distance - 1).magnitude / step.magnitude)).map { first + $0 * step }
        }
        switch object {
        case .list(let list):
            let elements = try list.elements(&budget)
            return try made(indices(elements.count).map { elements[$0] })
        case .string(let text):
            let scalars = Array(try text.scan(&budget).unicodeScalars)
            var result = String.UnicodeScalarView()
            result.append(contentsOf: indices(scalars.count).map { scalars[$0] })
            return try made(String(result))
        default: throw failure("\(object.kind) cannot be sliced")
        }
    }

    private mutating func compare(
        _ first: TemplateExpression, _ parts: [(symbol: String, operand: TemplateExpression)]
    ) throws(TemplateError) -> Bool {
        var left = try value(of: first)
        for part in parts {
            let right = try value(of: part.operand)
            let holds =
                switch part.symbol {
                case "==": try left.equals(right, &budget)
                case "!=": !(try left.equals(right, &budget))
                case "in": try contains(right, left)
                case "not in": !(try contains(right, left))
                default: try isOrdered(part.symbol, left, right)
                }
            if !holds { return false }
            left = right
        }
        return true
    }

    mutating func contains(_ container: TemplateValue, _ value: TemplateValue) throws(TemplateError) -> Bool {
        switch (container, value) {
        case (.string(let text), .string(let part)):
            return TextSearch(try text.scan(&budget), try part.scan(&budget)).first(from: 0) != nil
        case (.list(let list), _):
            for element in try list.elements(&budget) where try element.equals(value, &budget) { return true }
            return false
        case (.mapping(let mapping), .string(let key)): return try mapping.value(of: try key.read(&budget), &budget) != nil
        case (.mapping, _): return false
        default: throw failure("'in' looks into \(container.kind)")
        }
    }

    private mutating func isOrdered(
        _ symbol: String, _ left: TemplateValue, _ right: TemplateValue
    ) throws(TemplateError) -> Bool {
        let isLess: Bool
        let isEqual: Bool
        if let a = left.number, let b = right.number {
            (isLess, isEqual) = (a < b, a == b)
        } else if case .string(let a) = left, case .string(let b) = right {
            // The order of code points is the order of their bytes.
            isLess = try a.scan(&budget).utf8.lexicographicallyPrecedes(try b.scan(&budget).utf8)
            isEqual = try a.equals(b, &budget)
        } else {
            throw failure("'\(symbol)' compares \(left.kind) with \(right.kind)")
        }
        switch symbol {
        case "<": return isLess
        case "<=": return isLess || isEqual
        case ">": return !isLess && !isEqual
        default: return !isLess
        }
    }

    mutating func binary(
        _ symbol: String, _ left: TemplateValue, _ right: TemplateValue
    ) throws(TemplateError) -> TemplateValue {
        switch (symbol, left, right) {
        case ("~", _, _): return try joined([try left.text(&budget), try right.text(&budget)])
        case ("+", .string(let a), .string(let b)): return try joined([try a.read(&budget), try b.read(&budget)])
        case ("+", .list(let a), .list(let b)): return try made(try a.elements(&budget) + b.elements(&budget))
        case ("*", .string(let text), _):
            guard let count = right.integer else { break }
            var writer = TemplateWriter()
            try writer.append(try text.read(&budget), times: count, &budget)
            return .string(writer.text)
        default: break
        }
        if let a = left.integer, let b = right.integer, symbol != "/", let result = try whole(symbol, a, b) { return result }
        guard let a = left.number, let b = right.number else {
            throw failure("'\(symbol)' cannot take \(left.kind) and \(right.kind)")
        }
        switch symbol {
        case "+": return .real(a + b)
        case "-": return .real(a - b)
        case "*": return .real(a * b)
        case "/" where b != 0: return .real(a / b)
        default: throw failure("'\(symbol)' cannot take \(a) and \(b)")
        }
    }

    /// The texts with another between them.
    mutating func joined(_ parts: [String], by separator: String = "") throws(TemplateError) -> TemplateValue {
        var writer = TemplateWriter()
        for (index, part) in parts.enumerated() {
            if index > 0, !separator.isEmpty { try writer.append(separator, &budget) }
            try writer.append(part, &budget)
        }
        return .string(writer.text)
    }

    /// Integer arithmetic; division rounds down.
    private func whole(_ symbol: String, _ a: Int, _ b: Int) throws(TemplateError) -> TemplateValue? {
        let result: (partialValue: Int, overflow: Bool)
        switch symbol {
        case "+": result = a.addingReportingOverflow(b)
        case "-": result = a.subtractingReportingOverflow(b)
        case "*": result = a.multipliedReportingOverflow(by: b)
        case "//", "%":
            let (quotient, overflow) = a.dividedReportingOverflow(by: b)
            guard !overflow else { throw failure("'\(symbol)' cannot take \(a) and \(b)") }
            let remainder = a - quotient * b
            let isRoundedUp = remainder != 0 && (remainder < 0) != (b < 0)
            return .integer(symbol == "//" ? quotient - (isRoundedUp ? 1 : 0) : remainder + (isRoundedUp ? b : 0))
        default: return nil
        }
        guard !result.overflow else { throw failure("the number is too large") }
        return .integer(result.partialValue)
    }
}
