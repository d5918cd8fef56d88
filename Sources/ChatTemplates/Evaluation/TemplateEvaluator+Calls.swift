/// The values of a call's arguments.
struct TemplateArguments {
    var values: [TemplateValue] = []
    var named: [String: TemplateValue] = [:]
    /// The names in the order of the call.
    private(set) var names: [String] = []

    init(_ values: [TemplateValue] = []) { self.values = values }

    mutating func add(_ name: String, _ value: TemplateValue) {
        if named.updateValue(value, forKey: name) == nil { names.append(name) }
    }

    /// Some of the named arguments in the order of the call.
    func inOrder(_ some: [String: TemplateValue]) -> [(String, TemplateValue)] {
        names.compactMap { name in some[name].map { (name, $0) } }
    }

    /// The arguments without the first values.
    func dropping(_ count: Int) -> TemplateArguments {
        var rest = self
        rest.values = Array(values.dropFirst(count))
        return rest
    }
}

/// The arguments of a filter or a method under their names; what is not known is refused.
struct TemplateParameters {
    private let values: [String: TemplateValue]

    /// - Parameters:
    ///   - names: of the arguments, in order; those before `positionalOnly` have no names in Python.
    ///   - what: the filter or method, for messages.
    init(
        _ arguments: TemplateArguments, _ names: [String], of what: String, _ budget: TemplateBudget
    ) throws(TemplateError) {
        guard arguments.values.count <= names.count else {
            throw budget.failure("\(what) takes \(names.isEmpty ? "no" : "at most \(names.count)") arguments")
        }
        var values = arguments.named
        if let other = arguments.named.keys.sorted().first(where: { !names.contains($0) }) {
            throw budget.failure("\(what) has no argument '\(other)'")
        }
        for (name, value) in zip(names, arguments.values) where values.updateValue(value, forKey: name) != nil {
            throw budget.failure("\(what) is given '\(name)' twice")
        }
        self.values = values
    }

    subscript(name: String) -> TemplateValue? { values[name] }
}

extension TemplateEvaluator {
    mutating func arguments(_ expressions: [TemplateArgument]) throws(TemplateError) -> TemplateArguments {
        var arguments = TemplateArguments()
        for argument in expressions {
            let value = try value(of: argument.value)
            switch argument.kind {
            case .positional: arguments.values.append(value)
            case .named(let name): arguments.add(name, value)
            case .all: arguments.values += try elements(of: value)
            case .allNamed:
                guard case .mapping(let mapping) = value else { throw failure("'**' takes a mapping, and not \(value.kind)") }
                for (key, value) in try mapping.members(&budget) {
                    guard case .string(let name) = key else { throw failure("an argument's name is \(key.kind)") }
                    arguments.add(try name.read(&budget), value)
                }
            }
        }
        return arguments
    }

    mutating func call(_ callee: TemplateValue, _ expressions: [TemplateArgument]) throws(TemplateError) -> TemplateValue {
        try checkCallable(callee)
        return try call(callee, try arguments(expressions))
    }

    /// A call with the macro that it may call back.
    mutating func call(_ call: TemplateExpression, back caller: TemplateValue) throws(TemplateError) -> TemplateValue {
        guard case .call(let function, let expressions) = call.kind else { throw failure("expected the call of a macro") }
        let callee = try value(of: function)
        try checkCallable(callee)
        var arguments = try arguments(expressions)
        arguments.add("caller", caller)
        return try self.call(callee, arguments)
    }

    private func checkCallable(_ callee: TemplateValue) throws(TemplateError) {
        switch callee {
        case .function, .loop: return
        case .undefined("strftime_now"): throw failure(Self.needsDay)
        default: throw failure("\(callee.kind) cannot be called")
        }
    }

    static let needsDay =
        "the template asks for today's date, and a prompt must not depend on the day; state the day where the model is imported: "
        + "date: 2026-01-31"

    mutating func call(_ callee: TemplateValue, _ arguments: TemplateArguments) throws(TemplateError) -> TemplateValue {
        if case .loop(let number) = callee {
            let sequence = try TemplateParameters(arguments, ["iterable"], of: "loop", budget)["iterable"]
            return try rerun(number, over: sequence ?? .undefined("iterable"))
        }
        guard case .function(let function) = callee else { throw failure("\(callee.kind) cannot be called") }
        switch function {
        case .raiseException:
            let message = try TemplateParameters(arguments, ["message"], of: "raise_exception", budget)["message"]
            throw failure(try message?.text(&budget) ?? "the template refuses the conversation")
        case .range:
            guard arguments.named.isEmpty else { throw failure("range has no argument with a name") }
            return try range(arguments.values.map(\.integer))
        case .namespace: return try namespace(try mapping(arguments))
        case .dictionary: return .mapping(try mapping(arguments))
        case .currentTime:
            let format = try TemplateParameters(arguments, ["format"], of: "strftime_now", budget)["format"]
            guard let day, case .string(let text) = format else { throw failure("strftime_now takes a format") }
            return try made(try day.text(try text.scan(&budget), budget))
        case .macro(let number): return try call(macro: number, arguments)
        case .method(let method, let object): return try call(method, of: object, arguments)
        case .cycle(let number):
            guard !arguments.values.isEmpty, loops.indices.contains(number) else { throw failure("loop.cycle takes values") }
            return arguments.values[loops[number].index % arguments.values.count]
        case .changed(let number):
            guard loops.indices.contains(number) else { throw failure("loop.changed is called outside its loop") }
            let values = try made(arguments.values, .tuple)
            let isSame = try loops[number].changes.map { old throws(TemplateError) in try old.equals(values, &budget) } ?? false
            loops[number].changes = values
            return .bool(!isSame)
        }
    }

    /// The mapping of `dict(…)`: of a mapping or of pairs, and of named arguments.
    private mutating func mapping(_ arguments: TemplateArguments) throws(TemplateError) -> TemplateMapping {
        guard arguments.values.count <= 1 else { throw failure("dict takes at most 1 value") }
        var mapping = TemplateMapping([])
        switch arguments.values.first {
        case .mapping(let given): mapping = given
        case let pairs?:
            for pair in try elements(of: pairs) {
                let parts = try elements(of: pair)
                guard parts.count == 2 else { throw failure("dict takes a mapping or a list of pairs") }
                try mapping.set(try key(parts[0]), to: parts[1], &budget)
            }
        case nil: break
        }
        for (key, value) in arguments.inOrder(arguments.named) {
            try mapping.set(TemplateValue(text: key), to: value, &budget)
        }
        return mapping
    }

    /// A value that may be a key of a mapping.
    func key(_ value: TemplateValue) throws(TemplateError) -> TemplateValue {
        switch value {
        case .undefined, .none, .bool, .integer, .longInteger, .real, .string: return value
        case .list(let list) where list.kind == .tuple: return value
        default: throw failure("\(value.kind) cannot be the key of a mapping")
        }
    }

    private mutating func range(_ numbers: [Int?]) throws(TemplateError) -> TemplateValue {
        let given = numbers
        let numbers = numbers.compactMap(\.self)
        guard (1...3).contains(numbers.count), numbers.count == given.count else {
            throw failure("range takes one to three whole numbers")
        }
        let (from, to) = numbers.count == 1 ? (0, numbers[0]) : (numbers[0], numbers[1])
        let step = numbers.count == 3 ? numbers[2] : 1
        let limit = 100_000
        guard step != 0, abs(Double(to) - Double(from)) / Double(abs(Double(step))) <= Double(limit) else {
            throw failure("range gives more than \(limit) numbers")
        }
        let distance = step > 0 ? Double(to) - Double(from) : Double(from) - Double(to)
        guard distance > 0 else { return try made([], .range) }
        var elements: [TemplateValue] = []
        var number = from
        while step > 0 ? number < to : number > to {
            elements.append(.integer(number))
            let (next, overflows) = number.addingReportingOverflow(step)
            if overflows { break }
            number = next
        }
        return try made(elements, .range)
    }

    /// The elements that a loop iterates over.
    mutating func elements(of value: TemplateValue) throws(TemplateError) -> [TemplateValue] {
        switch value {
        case .undefined: return []
        case .list(let list): return try list.elements(&budget)
        case .mapping(let mapping): return try mapping.members(&budget).map(\.key)
        case .iterator(let number): return try take(from: number)
        case .string(let text):
            try budget.spend(text.size)
            return try text.scan(&budget).unicodeScalars.map { TemplateValue(text: String($0)) }
        default: throw failure("\(value.kind) has no elements")
        }
    }
}
