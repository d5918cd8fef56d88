/// Reads the statements of a template.
struct TemplateParser {
    static let maximumDepth = 64

    var tokens: [TemplateToken]
    var position = 0
    var depth = 0

    static func parse(_ source: String) throws(TemplateError) -> [LocatedStatement] {
        var parser = TemplateParser(tokens: try TemplateLexer.tokens(of: source))
        let statements = try parser.body(until: [])
        guard parser.kind == .end else { throw parser.failure("a tag closes what is not open") }
        return statements
    }

    /// Reads statements up to a tag with one of the names, through this name.
    private mutating func body(until ends: Set<String>) throws(TemplateError) -> [LocatedStatement] {
        try descend()
        defer { depth -= 1 }
        var statements: [LocatedStatement] = []
        while true {
            let line = tokens[position].line
            switch kind {
            case .text(let text):
                position += 1
                statements.append(LocatedStatement(statement: .text(text), line: line))
            case .outputStart:
                position += 1
                let expression = try tuple()
                try expect(.outputEnd, "'}}'")
                statements.append(LocatedStatement(statement: .output(expression), line: line))
            case .blockStart:
                guard position + 1 < tokens.count, case .name(let name) = tokens[position + 1].kind else {
                    throw failure("expected the name of a tag")
                }
                position += 2
                if ends.contains(name) { return statements }
                statements += try tag(name, line: line)
            default:
                guard ends.isEmpty else { throw failure("expected '\(ends.sorted().joined(separator: "' or '"))'") }
                return statements
            }
        }
    }

    private mutating func tag(_ name: String, line: Int) throws(TemplateError) -> [LocatedStatement] {
        func located(_ statement: TemplateStatement) -> [LocatedStatement] {
            [LocatedStatement(statement: statement, line: line)]
        }
        switch name {
        case "if": return located(try conditional())
        case "for": return located(try loop())
        case "set": return located(try assignment())
        case "macro": return located(try macro())
        case "call": return located(try callBlock())
        case "with": return located(try with())
        case "filter":
            let filters = try filters()
            return located(.filter(filters, try block(until: "endfilter")))
        case "print":
            var values = [try expression()]
            while take(",") { values.append(try expression()) }
            try endOfBlock()
            return values.map { LocatedStatement(statement: .output($0), line: line) }
        // The part of a conversation that the assistant writes, which training frameworks mark.
        case "generation": return located(.with([], try block(until: "endgeneration")))
        case "block":
            let name = try self.name()
            let body = try block(until: "endblock", named: name)
            return located(.with([], body))
        case "break", "continue":
            try endOfBlock()
            return located(name == "break" ? .breakLoop : .continueLoop)
        default: throw failure("the tag '\(name)' is not supported")
        }
    }

    /// The body of a tag behind its `%}`, and the tag that ends it.
    private mutating func block(until end: String, named name: String? = nil) throws(TemplateError) -> [LocatedStatement] {
        try endOfBlock()
        let body = try body(until: [end])
        if let name { _ = takeName(name) }
        try endOfBlock()
        return body
    }

    private mutating func conditional() throws(TemplateError) -> TemplateStatement {
        var branches: [TemplateBranch] = []
        while true {
            let condition = try tuple(allowsConditions: false)
            try endOfBlock()
            branches.append(TemplateBranch(condition: condition, body: try body(until: ["elif", "else", "endif"])))
            if previousName == "elif" { continue }
            var otherwise: [LocatedStatement] = []
            if previousName == "else" {
                try endOfBlock()
                otherwise = try body(until: ["endif"])
            }
            try endOfBlock()
            return .conditional(branches, otherwise: otherwise)
        }
    }

    private mutating func loop() throws(TemplateError) -> TemplateStatement {
        let target = try targets()
        guard takeName("in") else { throw failure("expected 'in'") }
        let sequence = try tuple(allowsConditions: false)
        let condition = takeName("if") ? try expression() : nil
        let isRecursive = takeName("recursive")
        try endOfBlock()
        let body = try body(until: ["else", "endfor"])
        var otherwise: [LocatedStatement] = []
        if previousName == "else" {
            try endOfBlock()
            otherwise = try self.body(until: ["endfor"])
        }
        try endOfBlock()
        return .loop(
            TemplateLoop(
                target: target, sequence: sequence, condition: condition, isRecursive: isRecursive, body: body,
                otherwise: otherwise))
    }

    private mutating func assignment() throws(TemplateError) -> TemplateStatement {
        let target = try targets()
        if take("=") {
            let value = try tuple()
            try endOfBlock()
            return .set(target, value)
        }
        let filters = take("|") ? try filters() : []
        return .setBlock(target, filters, try block(until: "endset"))
    }

    private mutating func with() throws(TemplateError) -> TemplateStatement {
        var values: [(target: TemplateTarget, value: TemplateExpression)] = []
        while kind != .blockEnd {
            if !values.isEmpty { try expect(.symbol(","), "','") }
            let target = try self.target()
            try expect(.symbol("="), "'='")
            values.append((target, try expression()))
        }
        return .with(values, try block(until: "endwith"))
    }

    private mutating func macro() throws(TemplateError) -> TemplateStatement {
        let name = try self.name()
        try expect(.symbol("("), "'('")
        let parameters = try parameters()
        return .macro(try macro(name, parameters, until: "endmacro"))
    }

    private mutating func callBlock() throws(TemplateError) -> TemplateStatement {
        let parameters = take("(") ? try parameters() : []
        let call = try postfixed(try primary())
        guard case .call = call.kind else { throw failure("expected the call of a macro") }
        return .call(call, try macro("caller", parameters, until: "endcall"))
    }

    private mutating func macro(
        _ name: String, _ parameters: [(name: String, standard: TemplateExpression?)], until end: String
    ) throws(TemplateError) -> TemplateMacro {
        let start = position
        let body = try block(until: end, named: name)
        let reads = tokens[start..<position].compactMap { token in if case .name(let name) = token.kind { name } else { nil } }
        return TemplateMacro(
            name: name, parameters: parameters, body: body, reads: Set(reads).intersection(["varargs", "kwargs", "caller"]))
    }

    private mutating func parameters() throws(TemplateError) -> [(name: String, standard: TemplateExpression?)] {
        var parameters: [(name: String, standard: TemplateExpression?)] = []
        while !take(")") {
            let parameter = try self.name()
            parameters.append((parameter, take("=") ? try expression() : nil))
            if !take(",") {
                try expect(.symbol(")"), "')'")
                break
            }
        }
        return parameters
    }

    // MARK: Targets

    private mutating func targets() throws(TemplateError) -> TemplateTarget {
        let first = try target()
        guard kind == .symbol(",") else { return first }
        var parts = [first]
        while take(","), startsTarget { parts.append(try target()) }
        return .parts(parts)
    }

    private var startsTarget: Bool {
        if case .name(let name) = kind { name != "in" } else { kind == .symbol("(") }
    }

    private mutating func target() throws(TemplateError) -> TemplateTarget {
        try descend()
        defer { depth -= 1 }
        if take("(") {
            let inner = try targets()
            try expect(.symbol(")"), "')'")
            return inner
        }
        let name = try self.name()
        guard !Self.reserved.contains(name) else { throw failure("'\(name)' cannot be assigned to") }
        return take(".") ? .attribute(of: name, try self.name()) : .name(name)
    }

    private static let reserved: Set = ["true", "false", "none", "True", "False", "None"]

    // MARK: Tokens

    var kind: TemplateToken.Kind { tokens[position].kind }

    /// The name before the current token.
    private var previousName: String? {
        if case .name(let name) = tokens[position - 1].kind { name } else { nil }
    }

    mutating func descend() throws(TemplateError) {
        depth += 1
        guard depth <= Self.maximumDepth else { throw failure("nested deeper than \(Self.maximumDepth) levels") }
    }

    /// An expression; a chain of operators is as high as it is long.
    func node(_ kind: TemplateExpression.Kind) throws(TemplateError) -> TemplateExpression {
        let expression = TemplateExpression(kind)
        guard expression.height <= TemplateBudget.maximumDepth else {
            throw failure("an expression nests deeper than \(TemplateBudget.maximumDepth) levels")
        }
        return expression
    }

    mutating func take(_ symbol: String) -> Bool {
        guard kind == .symbol(symbol) else { return false }
        position += 1
        return true
    }

    mutating func takeName(_ name: String) -> Bool {
        guard kind == .name(name) else { return false }
        position += 1
        return true
    }

    mutating func name() throws(TemplateError) -> String {
        guard case .name(let name) = kind else { throw failure("expected a name") }
        position += 1
        return name
    }

    mutating func expect(_ wanted: TemplateToken.Kind, _ word: String) throws(TemplateError) {
        guard kind == wanted else { throw failure("expected \(word)") }
        position += 1
    }

    mutating func endOfBlock() throws(TemplateError) { try expect(.blockEnd, "'%}'") }

    func failure(_ reason: String) -> TemplateError {
        TemplateError(reason: reason, line: tokens[min(position, tokens.count - 1)].line)
    }
}
