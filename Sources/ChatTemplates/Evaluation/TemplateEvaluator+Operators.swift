import Foundation

extension TemplateEvaluator {
    mutating func compare(
        _ first: TemplateExpression, _ parts: [(symbol: String, operand: TemplateExpression)]
    ) throws(TemplateError) -> Bool {
        var left = try value(of: first)
        for part in parts {
            let right = try value(of: part.operand)
            if !(try holds(part.symbol, left, right)) { return false }
            left = right
        }
        return true
    }

    mutating func holds(
        _ symbol: String, _ left: TemplateValue, _ right: TemplateValue
    ) throws(TemplateError) -> Bool {
        switch symbol {
        case "==": try left.equals(right, &budget)
        case "!=": !(try left.equals(right, &budget))
        case "in": try contains(right, left)
        case "not in": !(try contains(right, left))
        default: try isOrdered(symbol, left, right)
        }
    }

    mutating func contains(_ container: TemplateValue, _ value: TemplateValue) throws(TemplateError) -> Bool {
        switch (container, value) {
        case (.string(let text), .string(let part)):
            return TextSearch(try text.scan(&budget), try part.scan(&budget)).first(from: 0) != nil
        case (.list(let list), _):
            for element in try list.elements(&budget) where try element.equals(value, &budget) { return true }
            return false
        case (.iterator(let number), _):
            while let element = try take(1, from: number).first { if try element.equals(value, &budget) { return true } }
            return false
        case (.mapping(let mapping), _): return try mapping.value(of: try key(value), &budget) != nil
        case (.undefined, _): return false
        case (.string, _): throw failure("'in' looks for \(value.kind) in a string")
        default: throw failure("'in' looks into \(container.kind)")
        }
    }

    private mutating func isOrdered(
        _ symbol: String, _ left: TemplateValue, _ right: TemplateValue
    ) throws(TemplateError) -> Bool {
        let (first, second) = symbol.hasPrefix("<") ? (left, right) : (right, left)
        if try isLess(first, second, symbol) { return true }
        return symbol.hasSuffix("=") ? try left.equals(right, &budget) : false
    }

    /// Whether a value comes before another: numbers, strings by code points, lists by their first difference.
    mutating func isLess(
        _ left: TemplateValue, _ right: TemplateValue, _ symbol: String = "<"
    ) throws(TemplateError) -> Bool {
        try budget.descend()
        defer { budget.ascend() }
        if let a = left.integer, let b = right.integer { return a < b }
        if let a = left.number, let b = right.number { return a < b }
        switch (left, right) {
        case (.string(let a), .string(let b)):
            // The order of code points is the order of their bytes.
            return try a.scan(&budget).utf8.lexicographicallyPrecedes(try b.scan(&budget).utf8)
        case (.list(let a), .list(let b)) where a.kind.mayEqual(b.kind) && a.kind != .range:
            for (one, other) in zip(try a.elements(&budget), try b.elements(&budget)) where !(try one.equals(other, &budget)) {
                return try isLess(one, other, symbol)
            }
            return a.count < b.count
        default: throw failure("'\(symbol)' compares \(left.kind) with \(right.kind)")
        }
    }

    mutating func binary(
        _ symbol: String, _ left: TemplateValue, _ right: TemplateValue
    ) throws(TemplateError) -> TemplateValue {
        switch (symbol, left, right) {
        case ("~", _, _): return try joined([try left.text(&budget), try right.text(&budget)])
        case ("+", .string(let a), .string(let b)):
            guard a.isMarkup != b.isMarkup else { return try sum(a, b, isMarkup: a.isMarkup) }
            return try sum(a.isMarkup ? a : try escaped(a), b.isMarkup ? b : try escaped(b), isMarkup: true)
        case ("+", .list(let a), .list(let b)) where a.kind.canJoin(b.kind):
            return try made(try a.elements(&budget) + b.elements(&budget), a.kind == .list ? .list : .tuple)
        case ("*", .string(let text), _), ("*", _, .string(let text)):
            guard let count = right.integer ?? left.integer else { break }
            var writer = TemplateWriter()
            try writer.append(try text.read(&budget), times: count, &budget)
            return .string(writer.text)
        case ("*", .list(let list), _), ("*", _, .list(let list)):
            guard let count = right.integer ?? left.integer, list.kind.canJoin(list.kind) else { break }
            let (total, overflows) = list.count.multipliedReportingOverflow(by: max(0, count))
            try budget.spend(overflows ? .max : total)
            let elements = try list.elements(&budget)
            return try made((0..<max(0, elements.isEmpty ? 0 : count)).flatMap { _ in elements }, list.kind)
        case ("%", .string(let text), _): return try printed(try text.scan(&budget), right)
        default: break
        }
        if let a = left.integer, let b = right.integer, let result = try whole(symbol, a, b) { return result }
        guard let a = left.number, let b = right.number else {
            throw failure("'\(symbol)' cannot take \(left.kind) and \(right.kind)")
        }
        if case .longInteger = left { throw failure("the number is too large") }
        if case .longInteger = right { throw failure("the number is too large") }
        switch symbol {
        case "+": return .real(a + b)
        case "-": return .real(a - b)
        case "*": return .real(a * b)
        case "/" where b != 0: return .real(a / b)
        case "//" where b != 0: return .real(Self.remainder(a, b).quotient)
        case "%" where b != 0: return .real(Self.remainder(a, b).remainder)
        case "**" where !(a == 0 && b < 0) && !(a < 0 && b != b.rounded()): return .real(pow(a, b))
        default: throw failure("'\(symbol)' cannot take \(left.kind) and \(right.kind) of these values")
        }
    }

    /// Division that rounds down, as Python's `divmod` gives it.
    private static func remainder(_ a: Double, _ b: Double) -> (quotient: Double, remainder: Double) {
        var remainder = a.truncatingRemainder(dividingBy: b)
        var quotient = (a - remainder) / b
        if remainder != 0, (remainder < 0) != (b < 0) {
            remainder += b
            quotient -= 1
        }
        let floor = quotient.rounded(.down)
        return (quotient - floor > 0.5 ? floor + 1 : floor, remainder)
    }

    mutating func negated(_ value: TemplateValue) throws(TemplateError) -> TemplateValue {
        if case .real(let number) = value { return .real(-number) }
        return try binary("-", .integer(0), value)
    }

    private mutating func sum(_ a: TemplateText, _ b: TemplateText, isMarkup: Bool) throws(TemplateError) -> TemplateValue {
        let whole = try joined([try a.read(&budget), try b.read(&budget)])
        guard isMarkup, case .string(let text) = whole else { return whole }
        return .string(text.asMarkup)
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

    /// Integer arithmetic; division rounds down. Nil where the result is a real number.
    private func whole(_ symbol: String, _ a: Int, _ b: Int) throws(TemplateError) -> TemplateValue? {
        let result: (partialValue: Int, overflow: Bool)
        switch symbol {
        case "+": result = a.addingReportingOverflow(b)
        case "-": result = a.subtractingReportingOverflow(b)
        case "*": result = a.multipliedReportingOverflow(by: b)
        case "**" where b >= 0: result = Self.power(a, b)
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

    private static func power(_ base: Int, _ exponent: Int) -> (partialValue: Int, overflow: Bool) {
        if exponent == 0 || base == 1 { return (1, false) }
        if base == 0 { return (0, false) }
        if base == -1 { return (exponent % 2 == 0 ? 1 : -1, false) }
        guard exponent < 64 else { return (0, true) }
        var (product, overflows) = (1, false)
        for _ in 0..<exponent where !overflows { (product, overflows) = product.multipliedReportingOverflow(by: base) }
        return (product, overflows)
    }
}

extension TemplateList.Kind {
    /// Whether `+` joins lists of these kinds.
    fileprivate func canJoin(_ other: Self) -> Bool {
        switch (self, other) {
        case (.list, .list): true
        case (.tuple, .tuple), (.tuple, .group), (.group, .tuple), (.group, .group): true
        default: false
        }
    }
}
