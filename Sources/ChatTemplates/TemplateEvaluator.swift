/// Runs a template's statements.
struct TemplateEvaluator {
    private static let maximumSteps = 2_000_000
    private static let maximumBytes = 1 << 24
    private static let maximumDepth = 160

    /// Scopes, the innermost last. A loop and a macro have their own scope.
    private var scopes: [[String: TemplateValue]]
    private var macros: [String: TemplateMacro] = [:]
    private var output = ""
    private var steps = 0
    private var depth = 0
    private(set) var line = 1

    /// How a list of statements ended.
    private enum Outcome {
        case finished, breaksLoop, continuesLoop
    }

    init(_ variables: [String: TemplateValue]) {
        let functions: [String: TemplateFunction] = [
            "raise_exception": .raiseException, "range": .range, "namespace": .namespace, "dict": .dictionary,
        ]
        scopes = [functions.mapValues { .function($0) }, variables]
    }

    mutating func render(_ statements: [LocatedStatement]) throws(TemplateError) -> String {
        _ = try run(statements)
        return output
    }

    private mutating func run(_ statements: [LocatedStatement]) throws(TemplateError) -> Outcome {
        try descend()
        defer { depth -= 1 }
        for located in statements {
            line = located.line
            let outcome = try run(located.statement)
            if outcome != .finished { return outcome }
        }
        return .finished
    }

    private mutating func run(_ statement: TemplateStatement) throws(TemplateError) -> Outcome {
        switch statement {
        case .text(let text): try write(text)
        case .output(let expression): try write(try value(of: expression).text)
        case .set(let names, let expression): try assign(try value(of: expression), to: names)
        case .setAttribute(let name, let attribute, let expression):
            let value = try value(of: expression)
            guard case .mapping(var mapping) = self[name], mapping.isNamespace else {
                throw failure("'\(name)' is no namespace, so its members cannot be set")
            }
            mapping[attribute] = value
            replace(name, by: .mapping(mapping))
        case .setBlock(let name, let body): scopes[scopes.count - 1][name] = .string(try captured(body).0)
        case .conditional(let branches, let otherwise):
            for branch in branches where try value(of: branch.condition).isTrue { return try run(branch.body) }
            return try run(otherwise)
        case .loop(let loop): try run(loop)
        case .macro(let name, let macro):
            macros[name] = macro
            scopes[scopes.count - 1][name] = .function(.macro(name))
        case .breakLoop: return .breaksLoop
        case .continueLoop: return .continuesLoop
        }
        return .finished
    }

    private mutating func run(_ loop: TemplateLoop) throws(TemplateError) {
        var elements = try elements(of: try value(of: loop.sequence))
        scopes.append([:])
        defer { scopes.removeLast() }
        if let condition = loop.condition {
            var kept: [TemplateValue] = []
            for element in elements {
                try assign(element, to: loop.names)
                if try value(of: condition).isTrue { kept.append(element) }
            }
            elements = kept
        }
        if elements.isEmpty { _ = try run(loop.otherwise) }
        for (index, element) in elements.enumerated() {
            scopes[scopes.count - 1] = ["loop": .mapping(Self.position(index, in: elements))]
            try assign(element, to: loop.names)
            if try run(loop.body) == .breaksLoop { return }
        }
    }

    private static func position(_ index: Int, in elements: [TemplateValue]) -> TemplateMapping {
        let count = elements.count
        return TemplateMapping([
            ("index0", .integer(index)), ("index", .integer(index + 1)), ("first", .bool(index == 0)),
            ("last", .bool(index == count - 1)), ("length", .integer(count)), ("revindex", .integer(count - index)),
            ("revindex0", .integer(count - index - 1)),
            ("previtem", index > 0 ? elements[index - 1] : .undefined("loop.previtem")),
            ("nextitem", index + 1 < count ? elements[index + 1] : .undefined("loop.nextitem")),
        ])
    }

    private mutating func assign(_ value: TemplateValue, to names: [String]) throws(TemplateError) {
        if names.count == 1 {
            scopes[scopes.count - 1][names[0]] = value
            return
        }
        guard case .list(let parts) = value, parts.count == names.count else {
            throw failure("\(names.count) names take a list of as many values, and not \(value.kind)")
        }
        for (name, part) in zip(names, parts) { scopes[scopes.count - 1][name] = part }
    }

    /// The output of statements, and how they end.
    private mutating func captured(_ body: [LocatedStatement]) throws(TemplateError) -> (String, Outcome) {
        let before = output
        output = ""
        defer { output = before }
        let outcome = try run(body)
        return (output, outcome)
    }

    /// Calls a macro in a scope that sees only the names of the template.
    mutating func call(
        macro name: String, _ arguments: [TemplateValue], named: [String: TemplateValue]
    ) throws(TemplateError) -> TemplateValue {
        guard let macro = macros[name] else { throw failure("there is no macro '\(name)'") }
        guard arguments.count <= macro.parameters.count else { throw failure("'\(name)' takes fewer arguments") }
        var scope: [String: TemplateValue] = [:]
        for (index, parameter) in macro.parameters.enumerated() {
            if index < arguments.count {
                scope[parameter.name] = arguments[index]
            } else if let value = named[parameter.name] {
                scope[parameter.name] = value
            } else {
                scope[parameter.name] =
                    try parameter.standard.map { standard throws(TemplateError) in
                        try value(of: standard)
                    } ?? .undefined(parameter.name)
            }
        }
        let outer = scopes
        scopes = Array(outer.prefix(2)) + [scope]
        defer { scopes = outer }
        return .string(try captured(macro.body).0)
    }

    // MARK: Names and limits

    /// The value of a name in the innermost scope that has it.
    subscript(name: String) -> TemplateValue {
        for scope in scopes.reversed() {
            if let value = scope[name] { return value }
        }
        return .undefined(name)
    }

    private mutating func replace(_ name: String, by value: TemplateValue) {
        if let index = scopes.lastIndex(where: { $0[name] != nil }) { scopes[index][name] = value }
    }

    private mutating func write(_ text: String) throws(TemplateError) {
        output += text
        try spend(text.utf8.count / 64)
        guard output.utf8.count <= Self.maximumBytes else {
            throw failure("the prompt has more than \(Self.maximumBytes) bytes")
        }
    }

    mutating func spend(_ count: Int) throws(TemplateError) {
        steps += count + 1
        guard steps <= Self.maximumSteps else { throw failure("rendering takes more than \(Self.maximumSteps) steps") }
    }

    /// A string that the template made, where it is not too long.
    mutating func checked(_ text: String) throws(TemplateError) -> TemplateValue {
        try spend(text.utf8.count / 64)
        guard text.utf8.count <= Self.maximumBytes else { throw failure("a string has more than \(Self.maximumBytes) bytes") }
        return .string(text)
    }

    mutating func descend() throws(TemplateError) {
        depth += 1
        guard depth <= Self.maximumDepth else { throw failure("rendering nests deeper than \(Self.maximumDepth) levels") }
    }

    mutating func ascend() { depth -= 1 }

    func failure(_ reason: String) -> TemplateError { TemplateError(reason: reason, line: line) }
}
