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

    /// The elements that a loop iterates over.
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

/// The methods of strings and mappings.
enum TemplateMethod: String {
    case strip, lstrip, rstrip, split, startswith, endswith, upper, lower, title, capitalize, replace, join, find, count
    case items, keys, values, get

    var isOfMappings: Bool { [.items, .keys, .values, .get].contains(self) }
}

extension TemplateEvaluator {
    mutating func call(
        _ method: TemplateMethod, of object: TemplateValue, _ arguments: TemplateArguments
    ) throws(TemplateError) -> TemplateValue {
        switch object {
        case .mapping(let mapping): return try call(method, of: mapping, arguments)
        case .string(let text): return try call(method, of: text, arguments)
        default: throw failure("\(object.kind) has no method '\(method.rawValue)'")
        }
    }

    private func call(
        _ method: TemplateMethod, of mapping: TemplateMapping, _ arguments: TemplateArguments
    ) throws(TemplateError) -> TemplateValue {
        switch method {
        case .items: return .list(mapping.members.map { .list([.string($0.key), $0.value]) })
        case .keys: return .list(mapping.members.map { .string($0.key) })
        case .values: return .list(mapping.members.map(\.value))
        case .get:
            guard case .string(let key) = arguments[0, "key"] else { throw failure("get takes a key") }
            return mapping[key] ?? arguments[1, "default"] ?? .none
        default: throw failure("a mapping has no method '\(method.rawValue)'")
        }
    }

    private mutating func call(
        _ method: TemplateMethod, of text: String, _ arguments: TemplateArguments
    ) throws(TemplateError) -> TemplateValue {
        try spend(text.utf8.count / 16)
        func string(_ index: Int) throws(TemplateError) -> String {
            guard case .string(let value) = arguments[index, ""] else { throw failure("\(method.rawValue) takes a string") }
            return value
        }
        let characters: String? = if case .string(let value) = arguments[0, "chars"] { value } else { nil }
        switch method {
        case .strip: return .string(text.trimmed(of: characters, atStart: true, atEnd: true))
        case .lstrip: return .string(text.trimmed(of: characters, atStart: true, atEnd: false))
        case .rstrip: return .string(text.trimmed(of: characters, atStart: false, atEnd: true))
        case .split: return try split(text, arguments)
        case .startswith: return .bool(text.utf8.starts(with: try string(0).utf8))
        case .endswith: return .bool(text.utf8.reversed().starts(with: try string(0).utf8.reversed()))
        case .upper: return try checked(text.uppercased())
        case .lower: return try checked(text.lowercased())
        case .title, .capitalize: return try apply(method == .title ? .title : .capitalize, to: .string(text), arguments)
        case .replace:
            let (old, new) = (try string(0), try string(1))
            return try replaced(text, old, new)
        case .join:
            return try apply(.join, to: arguments[0, ""] ?? .none, TemplateArguments(values: [.string(text)], named: [:]))
        case .find:
            let parts = text.unicodeScalars
            let found = parts.firstRange(of: Array(try string(0).unicodeScalars))
            return .integer(found.map { parts.distance(from: parts.startIndex, to: $0.lowerBound) } ?? -1)
        case .count: return .integer(text.unicodeScalars.ranges(of: Array(try string(0).unicodeScalars)).count)
        default: throw failure("a string has no method '\(method.rawValue)'")
        }
    }

    private mutating func split(_ text: String, _ arguments: TemplateArguments) throws(TemplateError) -> TemplateValue {
        let limit = arguments[1, "maxsplit"]?.integer ?? -1
        let maximum = limit < 0 ? Int.max : limit
        let parts: [String]
        if case .string(let separator) = arguments[0, "sep"] {
            guard !separator.isEmpty else { throw failure("split takes a separator that is not empty") }
            parts = text.unicodeScalars.split(
                separator: Array(separator.unicodeScalars), maxSplits: maximum, omittingEmptySubsequences: false
            ).map { String($0) }
        } else {
            parts = text.unicodeScalars.split(maxSplits: maximum) { $0.properties.isWhitespace }.map { String($0) }
        }
        try spend(parts.count)
        return .list(parts.map { .string($0) })
    }

    /// The text with every occurrence of one text replaced by another.
    mutating func replaced(_ text: String, _ old: String, _ new: String) throws(TemplateError) -> TemplateValue {
        guard !old.isEmpty else { throw failure("replace takes a text that is not empty") }
        let scalars = Array(old.unicodeScalars)
        let count = text.unicodeScalars.ranges(of: scalars).count
        try spend(count &* (1 + new.utf8.count / 64))
        var result = String.UnicodeScalarView()
        var start = text.unicodeScalars.startIndex
        for range in text.unicodeScalars.ranges(of: scalars) {
            result.append(contentsOf: text.unicodeScalars[start..<range.lowerBound])
            result.append(contentsOf: new.unicodeScalars)
            start = range.upperBound
        }
        result.append(contentsOf: text.unicodeScalars[start...])
        return try checked(String(result))
    }
}

extension String {
    /// The text without white space, or the given characters, at its ends.
    func trimmed(of characters: String?, atStart: Bool, atEnd: Bool) -> String {
        let set = characters.map { Array($0.unicodeScalars) }
        func isTrimmed(_ scalar: Unicode.Scalar) -> Bool { set?.contains(scalar) ?? scalar.isPythonSpace }
        var rest = unicodeScalars[...]
        if atStart { rest = rest.drop(while: isTrimmed) }
        while atEnd, let last = rest.last, isTrimmed(last) { rest.removeLast() }
        return String(rest)
    }
}

extension Unicode.Scalar {
    /// White space that Python strips: Unicode's and the four separators of ASCII.
    fileprivate var isPythonSpace: Bool { properties.isWhitespace || (0x1C...0x1F).contains(value) }
}
