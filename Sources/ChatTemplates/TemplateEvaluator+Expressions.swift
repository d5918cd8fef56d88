extension TemplateEvaluator {
    mutating func value(of expression: TemplateExpression) throws(TemplateError) -> TemplateValue {
        try descend()
        defer { ascend() }
        try spend(0)
        switch expression {
        case .none: return .none
        case .bool(let value): return .bool(value)
        case .integer(let value): return .integer(value)
        case .real(let value): return .real(value)
        case .string(let text): return .string(text)
        case .name(let name): return self[name]
        case .list(let elements): return .list(try values(of: elements))
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
            mapping[key] = try value(of: member.value)
        }
        return .mapping(mapping)
    }

    private mutating func member(_ name: String, of object: TemplateValue) throws(TemplateError) -> TemplateValue {
        if case .undefined = object { throw failure("'\(name)' is asked of \(object.kind)") }
        if case .mapping(let mapping) = object, mapping.isNamespace || TemplateMethod(rawValue: name)?.isOfMappings != true {
            return mapping[name] ?? .undefined(name)
        }
        return TemplateMethod(rawValue: name) == nil ? .undefined(name) : .function(.method(name, of: object))
    }

    private func item(_ index: TemplateValue, of object: TemplateValue) throws(TemplateError) -> TemplateValue {
        switch (object, index) {
        case (.undefined, _): throw failure("an item is asked of \(object.kind)")
        case (.mapping(let mapping), .string(let key)): return mapping[key] ?? .undefined(key)
        case (.list(let elements), _):
            guard let number = index.integer, let place = Self.place(number, in: elements.count) else {
                return .undefined("an item of a list")
            }
            return elements[place]
        case (.string(let text), _):
            let scalars = Array(text.unicodeScalars)
            guard let number = index.integer, let place = Self.place(number, in: scalars.count) else {
                return .undefined("a character of a string")
            }
            return .string(String(scalars[place]))
        default: return .undefined("an item of \(object.kind)")
        }
    }

    /// An index from the start; negative indices count from the end. Nil where it is out of range.
    private static func place(_ index: Int, in count: Int) -> Int? {
        let place = index < 0 ? index + count : index
        return (0..<count).contains(place) ? place : nil
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
            return Array(stride(from: first, to: clamped(to, otherwise: step > 0 ? count : -1), by: step))
        }
        switch object {
        case .list(let elements):
            try spend(elements.count)
            return .list(indices(elements.count).map { elements[$0] })
        case .string(let text):
            let scalars = Array(text.unicodeScalars)
            try spend(scalars.count / 64)
            var result = String.UnicodeScalarView()
            result.append(contentsOf: indices(scalars.count).map { scalars[$0] })
            return .string(String(result))
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
                case "==": left.equals(right)
                case "!=": !left.equals(right)
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
            try spend(text.utf8.count / 64)
            return part.isEmpty || !text.unicodeScalars.ranges(of: Array(part.unicodeScalars)).isEmpty
        case (.list(let elements), _):
            try spend(elements.count)
            return elements.contains { $0.equals(value) }
        case (.mapping(let mapping), .string(let key)): return mapping[key] != nil
        case (.mapping, _): return false
        default: throw failure("'in' looks into \(container.kind)")
        }
    }

    private func isOrdered(_ symbol: String, _ left: TemplateValue, _ right: TemplateValue) throws(TemplateError) -> Bool {
        let isLess: Bool
        let isEqual: Bool
        if let a = left.number, let b = right.number {
            (isLess, isEqual) = (a < b, a == b)
        } else if case .string(let a) = left, case .string(let b) = right {
            (isLess, isEqual) = (a.unicodeScalars.lexicographicallyPrecedes(b.unicodeScalars), left.equals(right))
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
        case ("~", _, _): return try checked(left.text + right.text)
        case ("+", .string(let a), .string(let b)): return try checked(a + b)
        case ("+", .list(let a), .list(let b)):
            try spend(a.count + b.count)
            return .list(a + b)
        case ("*", .string(let text), _):
            guard let count = right.integer else { break }
            try spend(max(0, count) &* max(1, text.utf8.count / 64))
            return try checked(String(repeating: text, count: max(0, min(count, 1 << 24))))
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
