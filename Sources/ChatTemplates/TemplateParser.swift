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
                let expression = try self.expression()
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
        // The part of a conversation that the assistant writes, which training frameworks mark.
        case "generation":
            try endOfBlock()
            let body = try self.body(until: ["endgeneration"])
            try endOfBlock()
            return body
        case "break", "continue":
            try endOfBlock()
            return located(name == "break" ? .breakLoop : .continueLoop)
        default: throw failure("the tag '\(name)' is not supported")
        }
    }

    private mutating func conditional() throws(TemplateError) -> TemplateStatement {
        var branches: [TemplateBranch] = []
        while true {
            let condition = try expression()
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
        let names = try names(until: "in")
        let sequence = try disjunction()
        let condition = takeName("if") ? try expression() : nil
        try endOfBlock()
        let body = try body(until: ["else", "endfor"])
        var otherwise: [LocatedStatement] = []
        if previousName == "else" {
            try endOfBlock()
            otherwise = try self.body(until: ["endfor"])
        }
        try endOfBlock()
        return .loop(TemplateLoop(names: names, sequence: sequence, condition: condition, body: body, otherwise: otherwise))
    }

    private mutating func assignment() throws(TemplateError) -> TemplateStatement {
        var names = [try name()]
        if take(".") {
            let attribute = try name()
            try expect(.symbol("="), "'='")
            let value = try expression()
            try endOfBlock()
            return .setAttribute(of: names[0], attribute, value)
        }
        while take(",") { names.append(try name()) }
        if take("=") {
            let value = try tuple()
            try endOfBlock()
            return .set(names, value)
        }
        try endOfBlock()
        let body = try body(until: ["endset"])
        try endOfBlock()
        return .setBlock(names[0], body)
    }

    private mutating func macro() throws(TemplateError) -> TemplateStatement {
        let name = try self.name()
        try expect(.symbol("("), "'('")
        var parameters: [(name: String, standard: TemplateExpression?)] = []
        while !take(")") {
            let parameter = try self.name()
            parameters.append((parameter, take("=") ? try expression() : nil))
            if !take(",") {
                try expect(.symbol(")"), "')'")
                break
            }
        }
        try endOfBlock()
        let body = try body(until: ["endmacro"])
        if case .name = kind { position += 1 }
        try endOfBlock()
        return .macro(name, TemplateMacro(parameters: parameters, body: body))
    }

    private mutating func names(until end: String) throws(TemplateError) -> [String] {
        let isEnclosed = take("(")
        var names = [try name()]
        while take(",") { names.append(try name()) }
        if isEnclosed { try expect(.symbol(")"), "')'") }
        guard takeName(end) else { throw failure("expected '\(end)'") }
        return names
    }

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

    private mutating func endOfBlock() throws(TemplateError) { try expect(.blockEnd, "'%}'") }

    func failure(_ reason: String) -> TemplateError {
        TemplateError(reason: reason, line: tokens[min(position, tokens.count - 1)].line)
    }
}
