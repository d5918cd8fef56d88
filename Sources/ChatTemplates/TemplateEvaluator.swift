/// Runs a template's statements.
struct TemplateEvaluator {
    /// Scopes, the innermost last. A loop and a macro have their own scope.
    private var scopes: [[String: TemplateValue]]
    private var macros: [String: TemplateMacro] = [:]
    private var output = TemplateWriter()
    var budget = TemplateBudget()

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
        return output.prompt
    }

    private mutating func run(_ statements: [LocatedStatement]) throws(TemplateError) -> Outcome {
        try budget.descend()
        defer { budget.ascend() }
        for located in statements {
            budget.line = located.line
            try budget.spend(0)
            let outcome = try run(located.statement)
            if outcome != .finished { return outcome }
        }
        return .finished
    }

    private mutating func run(_ statement: TemplateStatement) throws(TemplateError) -> Outcome {
        switch statement {
        case .text(let text): try output.append(text, &budget)
        case .output(let expression): try output.append(try value(of: expression).text(&budget), &budget)
        case .set(let names, let expression): try assign(try value(of: expression), to: names)
        case .setAttribute(let name, let attribute, let expression):
            let value = try value(of: expression)
            guard case .mapping(var mapping) = try self.value(ofName: name), mapping.isNamespace else {
                throw failure("'\(name)' is no namespace, so its members cannot be set")
            }
            // Its members are copied, as it may also lie elsewhere.
            try budget.spend(mapping.count)
            try mapping.set(attribute, to: value, &budget)
            replace(name, by: .mapping(mapping))
        case .setBlock(let name, let body): scopes[scopes.count - 1][name] = .string(try captured(body))
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
        // Each turn has a mapping that says where it stands.
        try budget.spend(elements.count &* 3)
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
        for (name, part) in zip(names, try parts.elements(&budget)) { scopes[scopes.count - 1][name] = part }
    }

    /// The output of statements.
    private mutating func captured(_ body: [LocatedStatement]) throws(TemplateError) -> TemplateText {
        let before = output
        output = TemplateWriter()
        defer { output = before }
        _ = try run(body)
        return output.text
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
        return .string(try captured(macro.body))
    }

    // MARK: Names

    /// The value of a name in the innermost scope that has it.
    mutating func value(ofName name: String) throws(TemplateError) -> TemplateValue {
        for scope in scopes.reversed() {
            if let value = scope[name] { return value }
            try budget.spend(0)
        }
        return .undefined(name)
    }

    private mutating func replace(_ name: String, by value: TemplateValue) {
        if let index = scopes.lastIndex(where: { $0[name] != nil }) { scopes[index][name] = value }
    }

    func failure(_ reason: String) -> TemplateError { budget.failure(reason) }

    /// A string that an operation made.
    mutating func made(_ text: String) throws(TemplateError) -> TemplateValue { .string(try TemplateText(text, &budget)) }

    /// A list that an operation made.
    mutating func made(_ elements: [TemplateValue]) throws(TemplateError) -> TemplateValue {
        .list(try TemplateList(elements, &budget))
    }
}
