/// The values of a call's arguments.
struct TemplateArguments {
    var values: [TemplateValue]
    var named: [String: TemplateValue]

    /// An argument by index or by name.
    subscript(index: Int, name: String) -> TemplateValue? { index < values.count ? values[index] : named[name] }
}

extension TemplateEvaluator {
    mutating func arguments(_ expressions: [TemplateArgument]) throws(TemplateError) -> TemplateArguments {
        var arguments = TemplateArguments(values: [], named: [:])
        for argument in expressions {
            let value = try value(of: argument.value)
            if let name = argument.name { arguments.named[name] = value } else { arguments.values.append(value) }
        }
        return arguments
    }

    mutating func call(_ callee: TemplateValue, _ expressions: [TemplateArgument]) throws(TemplateError) -> TemplateValue {
        guard case .function(let function) = callee else {
            if case .undefined("strftime_now") = callee {
                throw failure("the template asks for today's date; a prompt must not depend on the day")
            }
            throw failure("\(callee.kind) cannot be called")
        }
        let arguments = try arguments(expressions)
        switch function {
        case .raiseException:
            throw failure(try arguments.values.first?.text(&budget) ?? "the template refuses the conversation")
        case .range: return try range(arguments.values.map(\.integer))
        case .namespace, .dictionary:
            var mapping = TemplateMapping([])
            for (key, value) in arguments.named.sorted(by: { $0.key < $1.key }) { try mapping.set(key, to: value, &budget) }
            if case .namespace = function { mapping.isNamespace = true }
            return .mapping(mapping)
        case .macro(let name): return try call(macro: name, arguments.values, named: arguments.named)
        case .method(let name, let object):
            guard let method = TemplateMethod(rawValue: name) else { throw failure("there is no method '\(name)'") }
            return try call(method, of: object, arguments)
        }
    }

    private mutating func range(_ numbers: [Int?]) throws(TemplateError) -> TemplateValue {
        let numbers = numbers.compactMap(\.self)
        guard (1...3).contains(numbers.count) else { throw failure("range takes one to three whole numbers") }
        let (from, to) = numbers.count == 1 ? (0, numbers[0]) : (numbers[0], numbers[1])
        let step = numbers.count == 3 ? numbers[2] : 1
        let limit = 100_000
        guard step != 0, abs(Double(to) - Double(from)) / Double(abs(Double(step))) <= Double(limit) else {
            throw failure("range gives more than \(limit) numbers")
        }
        let distance = step > 0 ? Double(to) - Double(from) : Double(from) - Double(to)
        guard distance > 0 else { return try made([]) }
        var elements: [TemplateValue] = []
        var number = from
        while step > 0 ? number < to : number > to {
            elements.append(.integer(number))
            let (next, overflows) = number.addingReportingOverflow(step)
            if overflows { break }
            number = next
        }
        return try made(elements)
    }

    /// The elements that a loop iterates over.
    mutating func elements(of value: TemplateValue) throws(TemplateError) -> [TemplateValue] {
        switch value {
        case .undefined: return []
        case .list(let list): return try list.elements(&budget)
        case .mapping(let mapping): return try mapping.members(&budget).map { TemplateValue(text: $0.key) }
        case .string(let text):
            try budget.spend(text.size)
            return try text.scan(&budget).unicodeScalars.map { TemplateValue(text: String($0)) }
        default: throw failure("\(value.kind) has no elements")
        }
    }
}
