/// Runs a template's statements.
struct TemplateEvaluator {
    private var scopes: TemplateScopes
    /// Macros with the scope that they were made in.
    private var macros: [(macro: TemplateMacro, scope: Int)] = []
    private var namespaces: [TemplateMapping] = []
    /// What is left of each generator.
    private var iterators: [ArraySlice<TemplateValue>] = []
    var loops: [TemplateLoopState] = []
    private var output = TemplateWriter()
    var budget = TemplateBudget()
    /// The day that `strftime_now` gives.
    let day: TemplateDay?

    /// How a list of statements ended.
    private enum Outcome {
        case finished, breaksLoop, continuesLoop
    }

    init(_ variables: [String: TemplateValue], day: TemplateDay?) {
        var functions: [String: TemplateFunction] = [
            "raise_exception": .raiseException, "range": .range, "namespace": .namespace, "dict": .dictionary,
        ]
        if day != nil { functions["strftime_now"] = .currentTime }
        scopes = TemplateScopes(functions: functions.mapValues { .function($0) }, variables: variables)
        self.day = day
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
        case .set(let target, let expression): try assign(try value(of: expression), to: target)
        case .setBlock(let target, let filters, let body):
            try assign(try filtered(.string(try captured(body)), by: filters), to: target)
        case .conditional(let branches, let otherwise):
            for branch in branches where try value(of: branch.condition).isTrue { return try run(branch.body) }
            return try run(otherwise)
        case .loop(let loop): try run(loop, over: try elements(of: try value(of: loop.sequence)), depth: 1)
        case .macro(let macro): scopes.set(macro.name, to: try closure(macro))
        case .call(let call, let body): try output.append(try self.call(call, back: try closure(body)).text(&budget), &budget)
        case .filter(let filters, let body):
            let outer = scopes.enter()
            defer { scopes.leave(to: outer) }
            try output.append(try filtered(.string(try captured(body)), by: filters).text(&budget), &budget)
        case .with(let values, let body):
            var given: [TemplateValue] = []
            for value in values { given.append(try self.value(of: value.value)) }
            let outer = scopes.enter()
            defer { scopes.leave(to: outer) }
            for (value, given) in zip(values, given) { try assign(given, to: value.target) }
            return try run(body)
        case .breakLoop: return .breaksLoop
        case .continueLoop: return .continuesLoop
        }
        return .finished
    }

    private mutating func filtered(
        _ value: TemplateValue, by filters: [TemplateFilterCall]
    ) throws(TemplateError) -> TemplateValue {
        var value = value
        for call in filters { value = try apply(call.filter, to: value, try arguments(call.arguments)) }
        return value
    }

    // MARK: Loops

    private mutating func run(_ loop: TemplateLoop, over all: [TemplateValue], depth: Int) throws(TemplateError) {
        var elements = all
        // Each turn has a scope of its own.
        try budget.spend(elements.count &* 3)
        let outer = scopes.enter()
        defer { scopes.leave(to: outer) }
        if let condition = loop.condition {
            var kept: [TemplateValue] = []
            for element in elements {
                try assign(element, to: loop.target)
                if try value(of: condition).isTrue { kept.append(element) }
            }
            elements = kept
        }
        scopes.clear()
        guard !elements.isEmpty else {
            _ = try run(loop.otherwise)
            return
        }
        let number = loops.count
        loops.append(TemplateLoopState(loop: loop, elements: elements, depth: depth, scope: outer))
        defer { loops.removeLast() }
        for (index, element) in elements.enumerated() {
            loops[number].index = index
            scopes.clear()
            scopes.set("loop", to: .loop(number))
            try assign(element, to: loop.target)
            if try run(loop.body) == .breaksLoop { return }
        }
    }

    /// What the body of a recursive loop writes for elements below.
    mutating func rerun(_ number: Int, over value: TemplateValue) throws(TemplateError) -> TemplateValue {
        guard loops.indices.contains(number), loops[number].loop.isRecursive else {
            throw failure("the loop is not recursive, so that it cannot be called")
        }
        let state = loops[number]
        let elements = try elements(of: value)
        try budget.descend()
        defer { budget.ascend() }
        let left = scopes.enter(within: state.scope)
        defer { scopes.leave(to: left) }
        let before = output
        output = TemplateWriter()
        defer { output = before }
        try run(state.loop, over: elements, depth: state.depth + 1)
        return .string(output.text)
    }

    private mutating func assign(_ value: TemplateValue, to target: TemplateTarget) throws(TemplateError) {
        switch target {
        case .name(let name): scopes.set(name, to: value)
        case .attribute(let name, let member):
            guard case .namespace(let number) = try self.value(ofName: name) else {
                throw failure("'\(name)' is no namespace, so its members cannot be set")
            }
            guard !member.hasPrefix("_") else { throw failure("a namespace has no member '\(member)'") }
            // Its members are copied, as it may also lie elsewhere.
            try budget.spend(namespaces[number].count)
            try namespaces[number].set(TemplateValue(text: member), to: value, &budget)
        case .parts(let targets):
            let parts: [TemplateValue]
            switch value {
            case .list, .string, .iterator, .mapping: parts = try elements(of: value)
            default: throw failure("\(targets.count) names take a list of as many values, and not \(value.kind)")
            }
            guard parts.count == targets.count else {
                throw failure("\(targets.count) names take a list of as many values, and not \(value.kind)")
            }
            for (target, part) in zip(targets, parts) { try assign(part, to: target) }
        }
    }

    /// The output of statements.
    private mutating func captured(_ body: [LocatedStatement]) throws(TemplateError) -> TemplateText {
        let before = output
        output = TemplateWriter()
        defer { output = before }
        _ = try run(body)
        return output.text
    }

    // MARK: Macros

    private mutating func closure(_ macro: TemplateMacro) throws(TemplateError) -> TemplateValue {
        try budget.spend(macro.parameters.count)
        macros.append((macro, scopes.current))
        return .function(.macro(macros.count - 1))
    }

    /// Calls a macro in a scope within the one that it was made in.
    mutating func call(macro number: Int, _ given: TemplateArguments) throws(TemplateError) -> TemplateValue {
        let (macro, scope) = macros[number]
        let name = macro.name
        var named = given.named
        guard given.values.count <= macro.parameters.count || macro.reads.contains("varargs") else {
            throw failure("'\(name)' takes fewer arguments")
        }
        guard scopes.has(scope) else { throw failure("the macro '\(name)' is called where it does not exist") }
        let left = scopes.enter(within: scope)
        defer { scopes.leave(to: left) }
        for (index, parameter) in macro.parameters.enumerated() {
            var value = index < given.values.count ? given.values[index] : nil
            if let other = named.removeValue(forKey: parameter.name) {
                guard value == nil else { throw failure("'\(name)' is given '\(parameter.name)' twice") }
                value = other
            }
            if value == nil, let standard = parameter.standard { value = try self.value(of: standard) }
            scopes.set(parameter.name, to: value ?? .undefined(parameter.name))
        }
        if macro.reads.contains("caller") {
            scopes.set("caller", to: named.removeValue(forKey: "caller") ?? .undefined("caller"))
        }
        if macro.reads.contains("varargs") {
            scopes.set("varargs", to: try made(Array(given.values.dropFirst(macro.parameters.count)), .tuple))
        }
        if macro.reads.contains("kwargs") {
            var mapping = TemplateMapping([])
            for (key, value) in given.inOrder(named) { try mapping.set(TemplateValue(text: key), to: value, &budget) }
            scopes.set("kwargs", to: .mapping(mapping))
        } else if let other = named.keys.sorted().first {
            throw failure("'\(name)' has no argument '\(other)'")
        }
        return .string(try captured(macro.body))
    }

    // MARK: Names, namespaces and generators

    mutating func value(ofName name: String) throws(TemplateError) -> TemplateValue {
        try scopes.value(of: name, &budget) ?? .undefined(name)
    }

    mutating func namespace(_ mapping: TemplateMapping) throws(TemplateError) -> TemplateValue {
        try budget.spend(mapping.count)
        namespaces.append(mapping)
        return .namespace(namespaces.count - 1)
    }

    mutating func member(_ name: String, ofNamespace number: Int) throws(TemplateError) -> TemplateValue {
        try namespaces[number].value(named: name, &budget) ?? .undefined(name)
    }

    /// A generator, which gives its elements once.
    mutating func generator(_ elements: [TemplateValue]) throws(TemplateError) -> TemplateValue {
        try budget.spend(elements.count)
        iterators.append(elements[...])
        return .iterator(iterators.count - 1)
    }

    /// Takes what is left of a generator, or as many elements of it.
    mutating func take(_ count: Int = .max, from number: Int) throws(TemplateError) -> [TemplateValue] {
        let taken = Array(iterators[number].prefix(count))
        try budget.spend(taken.count)
        iterators[number].removeFirst(taken.count)
        return taken
    }

    func failure(_ reason: String) -> TemplateError { budget.failure(reason) }

    /// A string that an operation made.
    mutating func made(_ text: String) throws(TemplateError) -> TemplateValue { .string(try TemplateText(text, &budget)) }

    /// A list that an operation made.
    mutating func made(
        _ elements: [TemplateValue], _ kind: TemplateList.Kind = .list
    ) throws(TemplateError) -> TemplateValue {
        .list(try TemplateList(elements, kind: kind, &budget))
    }
}

/// Where a loop stands.
struct TemplateLoopState: Sendable {
    var loop: TemplateLoop
    var elements: [TemplateValue]
    var index = 0
    /// From 1.
    var depth: Int
    /// The scope around the loop.
    var scope: Int
    /// What `loop.changed` was called with before.
    var changes: TemplateValue?
}
