/// Expressions, in order of rising precedence.
extension TemplateParser {
    mutating func expression() throws(TemplateError) -> TemplateExpression {
        try descend()
        defer { depth -= 1 }
        let value = try disjunction()
        guard takeName("if") else { return value }
        let condition = try disjunction()
        let otherwise = takeName("else") ? try expression() : nil
        return try node(.conditional(condition, then: value, otherwise: otherwise))
    }

    /// An expression, or a tuple of several with commas.
    mutating func tuple(allowsConditions: Bool = true) throws(TemplateError) -> TemplateExpression {
        let first = allowsConditions ? try expression() : try disjunction()
        guard kind == .symbol(",") else { return first }
        var elements = [first]
        while take(","), !endsTuple { elements.append(allowsConditions ? try expression() : try disjunction()) }
        return try node(.tuple(elements))
    }

    private var endsTuple: Bool {
        switch kind {
        case .symbol(")"), .blockEnd, .outputEnd, .name("recursive"): true
        default: false
        }
    }

    mutating func disjunction() throws(TemplateError) -> TemplateExpression {
        var left = try conjunction()
        while takeName("or") { left = try node(.or(left, try conjunction())) }
        return left
    }

    private mutating func conjunction() throws(TemplateError) -> TemplateExpression {
        var left = try negation()
        while takeName("and") { left = try node(.and(left, try negation())) }
        return left
    }

    private mutating func negation() throws(TemplateError) -> TemplateExpression {
        guard takeName("not") else { return try comparison() }
        try descend()
        defer { depth -= 1 }
        return try node(.not(try negation()))
    }

    private mutating func comparison() throws(TemplateError) -> TemplateExpression {
        let left = try sum()
        var parts: [(symbol: String, operand: TemplateExpression)] = []
        while let symbol = try comparisonSymbol() { parts.append((symbol, try sum())) }
        return parts.isEmpty ? left : try node(.comparison(left, parts))
    }

    private mutating func comparisonSymbol() throws(TemplateError) -> String? {
        for symbol in ["==", "!=", "<=", ">=", "<", ">"] where take(symbol) { return symbol }
        if takeName("in") { return "in" }
        if kind == .name("not"), tokens[position + 1].kind == .name("in") {
            position += 2
            return "not in"
        }
        return nil
    }

    private mutating func sum() throws(TemplateError) -> TemplateExpression {
        try chain(["+", "-"]) { parser throws(TemplateError) in try parser.concatenation() }
    }

    private mutating func concatenation() throws(TemplateError) -> TemplateExpression {
        try chain(["~"]) { parser throws(TemplateError) in try parser.product() }
    }

    private mutating func product() throws(TemplateError) -> TemplateExpression {
        try chain(["*", "//", "/", "%"]) { parser throws(TemplateError) in try parser.power() }
    }

    private mutating func power() throws(TemplateError) -> TemplateExpression {
        try chain(["**"]) { parser throws(TemplateError) in try parser.unary() }
    }

    /// Left-associative operators of one precedence.
    private mutating func chain(
        _ symbols: [String], _ operand: (inout TemplateParser) throws(TemplateError) -> TemplateExpression
    ) throws(TemplateError) -> TemplateExpression {
        var left = try operand(&self)
        while let symbol = symbols.first(where: { kind == .symbol($0) }) {
            position += 1
            left = try node(.binary(symbol, left, try operand(&self)))
        }
        return left
    }

    private mutating func unary() throws(TemplateError) -> TemplateExpression {
        try descend()
        defer { depth -= 1 }
        if take("-") { return try filtered(try node(.negative(try postfixed(try unaryOperand())))) }
        if take("+") { return try filtered(try node(.positive(try postfixed(try unaryOperand())))) }
        return try filtered(try postfixed(try primary()))
    }

    private mutating func unaryOperand() throws(TemplateError) -> TemplateExpression {
        try descend()
        defer { depth -= 1 }
        if take("-") { return try node(.negative(try unaryOperand())) }
        return take("+") ? try node(.positive(try unaryOperand())) : try primary()
    }

    mutating func primary() throws(TemplateError) -> TemplateExpression {
        let token = kind
        position += 1
        switch token {
        case .integer(let value): return try node(.integer(value))
        case .real(let value): return try node(.real(value))
        case .string(let text):
            var text = text
            while case .string(let more) = kind {
                text += more
                position += 1
            }
            return try node(.string(text))
        case .name("true"), .name("True"): return try node(.bool(true))
        case .name("false"), .name("False"): return try node(.bool(false))
        case .name("none"), .name("None"): return try node(.none)
        case .name(let name): return try node(.name(name))
        case .symbol("("):
            if take(")") { return try node(.tuple([])) }
            let value = try tuple()
            try expect(.symbol(")"), "')'")
            return value
        case .symbol("["): return try node(.list(try elements(until: "]")))
        case .symbol("{"): return try mapping()
        default:
            position -= 1
            throw failure("expected an expression")
        }
    }

    private mutating func elements(until end: String) throws(TemplateError) -> [TemplateExpression] {
        var elements: [TemplateExpression] = []
        while !take(end) {
            elements.append(try expression())
            if !take(",") {
                try expect(.symbol(end), "'\(end)'")
                break
            }
        }
        return elements
    }

    private mutating func mapping() throws(TemplateError) -> TemplateExpression {
        var members: [(key: TemplateExpression, value: TemplateExpression)] = []
        while !take("}") {
            let key = try expression()
            try expect(.symbol(":"), "':'")
            members.append((key, try expression()))
            if !take(",") {
                try expect(.symbol("}"), "'}'")
                break
            }
        }
        return try node(.mapping(members))
    }

    mutating func postfixed(_ start: TemplateExpression) throws(TemplateError) -> TemplateExpression {
        var value = start
        while true {
            if take(".") {
                if case .integer(let index) = kind {
                    position += 1
                    value = try node(.item(value, try node(.integer(index))))
                } else {
                    value = try node(.attribute(value, try name()))
                }
            } else if take("[") {
                value = try subscripted(value)
            } else if take("(") {
                value = try node(.call(value, try arguments()))
            } else {
                return value
            }
        }
    }

    private mutating func subscripted(_ value: TemplateExpression) throws(TemplateError) -> TemplateExpression {
        let ends: [TemplateToken.Kind] = [.symbol(":"), .symbol("]")]
        let from = ends.contains(kind) ? nil : try expression()
        guard take(":") else {
            try expect(.symbol("]"), "']'")
            guard let from else { throw failure("expected an index") }
            return try node(.item(value, from))
        }
        let to = ends.contains(kind) ? nil : try expression()
        let step = take(":") && !ends.contains(kind) ? try expression() : nil
        try expect(.symbol("]"), "']'")
        return try node(.slice(value, from: from, to: to, step: step))
    }

    private mutating func arguments() throws(TemplateError) -> [TemplateArgument] {
        var arguments: [TemplateArgument] = []
        while !take(")") {
            var kind = TemplateArgument.Kind.positional
            if case .name(let word) = self.kind, tokens[position + 1].kind == .symbol("=") {
                kind = .named(word)
                position += 2
            } else if take("**") {
                kind = .allNamed
            } else if take("*") {
                kind = .all
            }
            arguments.append(TemplateArgument(kind: kind, value: try expression()))
            if !take(",") {
                try expect(.symbol(")"), "')'")
                break
            }
        }
        return arguments
    }

    /// Any number of `| filter` and `is test`, and calls of what they give.
    private mutating func filtered(_ start: TemplateExpression) throws(TemplateError) -> TemplateExpression {
        var value = start
        while true {
            if take("|") {
                value = try node(.filter(value, try filterCall()))
            } else if takeName("is") {
                value = try test(of: value)
            } else if take("(") {
                value = try node(.call(value, try arguments()))
            } else {
                return value
            }
        }
    }

    /// The filters of a tag: `upper | trim`
    mutating func filters() throws(TemplateError) -> [TemplateFilterCall] {
        var filters = [try filterCall()]
        while take("|") { filters.append(try filterCall()) }
        return filters
    }

    private mutating func filterCall() throws(TemplateError) -> TemplateFilterCall {
        let line = tokens[position].line
        let name = try self.name()
        guard let filter = TemplateFilter(rawValue: name) else { throw failure("the filter '\(name)' is not supported") }
        return TemplateFilterCall(filter: filter, arguments: take("(") ? try arguments() : [], line: line)
    }

    private mutating func test(of value: TemplateExpression) throws(TemplateError) -> TemplateExpression {
        let isNegated = takeName("not")
        let name = try self.name()
        guard let test = TemplateTest(named: name) else { throw failure("the test '\(name)' is not supported") }
        var arguments: [TemplateArgument] = []
        if take("(") {
            arguments = try self.arguments()
        } else if startsOperand {
            arguments = [TemplateArgument(kind: .positional, value: try postfixed(try primary()))]
        }
        let tested = try node(.test(value, test, arguments))
        return isNegated ? try node(.not(tested)) : tested
    }

    /// Whether the current token can only be a test's argument.
    private var startsOperand: Bool {
        switch kind {
        case .string, .integer, .real: true
        case .name(let name): !["and", "or", "not", "in", "is", "if", "else"].contains(name)
        case .symbol("["), .symbol("{"): true
        default: false
        }
    }
}
