/// The values of a call's arguments.
struct TemplateArguments {
    var values: [TemplateValue]
    var named: [String: TemplateValue]

    /// The argument at a place, or by its name.
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
        case .raiseException: throw failure(arguments.values.first?.text ?? "the template refuses the conversation")
        case .range: return try range(arguments.values.map(\.integer))
        case .namespace, .dictionary:
            var mapping = TemplateMapping(arguments.named.sorted { $0.key < $1.key }.map { ($0.key, $0.value) })
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
        let elements = stride(from: from, to: to, by: step).map { TemplateValue.integer($0) }
        try spend(elements.count)
        return .list(elements)
    }

    /// What a loop runs over.
    mutating func elements(of value: TemplateValue) throws(TemplateError) -> [TemplateValue] {
        switch value {
        case .undefined: return []
        case .list(let elements):
            try spend(elements.count)
            return elements
        case .mapping(let mapping): return mapping.members.map { .string($0.key) }
        case .string(let text):
            try spend(text.utf8.count)
            return text.unicodeScalars.map { .string(String($0)) }
        default: throw failure("\(value.kind) has no elements")
        }
    }
}
