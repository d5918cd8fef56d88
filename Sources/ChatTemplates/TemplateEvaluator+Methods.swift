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

    private mutating func call(
        _ method: TemplateMethod, of mapping: TemplateMapping, _ arguments: TemplateArguments
    ) throws(TemplateError) -> TemplateValue {
        switch method {
        case .items: return try pairs(try mapping.members(&budget))
        case .keys: return try made(try mapping.members(&budget).map { TemplateValue(text: $0.key) })
        case .values: return try made(try mapping.members(&budget).map(\.value))
        case .get:
            guard case .string(let key) = arguments[0, "key"] else { throw failure("get takes a key") }
            return try mapping.value(of: try key.read(&budget), &budget) ?? arguments[1, "default"] ?? .none
        default: throw failure("a mapping has no method '\(method.rawValue)'")
        }
    }

    /// A list of keys with their values.
    mutating func pairs(_ members: [(key: String, value: TemplateValue)]) throws(TemplateError) -> TemplateValue {
        var pairs: [TemplateValue] = []
        for member in members { pairs.append(try made([TemplateValue(text: member.key), member.value])) }
        return try made(pairs)
    }

    private mutating func call(
        _ method: TemplateMethod, of text: TemplateText, _ arguments: TemplateArguments
    ) throws(TemplateError) -> TemplateValue {
        switch method {
        case .strip: return try trimmed(text, of: arguments[0, "chars"])
        case .lstrip: return try trimmed(text, of: arguments[0, "chars"], atEnd: false)
        case .rstrip: return try trimmed(text, of: arguments[0, "chars"], atStart: false)
        case .split: return try split(try text.scan(&budget), arguments)
        case .startswith:
            return .bool(try text.read(&budget).utf8.starts(with: try string(0, method, arguments).utf8))
        case .endswith:
            return .bool(try text.read(&budget).utf8.reversed().starts(with: try string(0, method, arguments).utf8.reversed()))
        case .upper: return try apply(.upper, to: .string(text), arguments)
        case .lower: return try apply(.lower, to: .string(text), arguments)
        case .title: return try apply(.title, to: .string(text), arguments)
        case .capitalize: return try apply(.capitalize, to: .string(text), arguments)
        case .replace:
            return try replaced(
                try text.scan(&budget), try string(0, method, arguments), try string(1, method, arguments))
        case .join:
            return try apply(.join, to: arguments[0, ""] ?? .none, TemplateArguments(values: [.string(text)], named: [:]))
        case .find:
            let text = try text.scan(&budget)
            guard let place = TextSearch(text, try string(0, method, arguments)).first(from: 0) else { return .integer(-1) }
            return .integer(text.unicodeScalars.distance(from: text.startIndex, to: text.utf8Index(place)))
        case .count:
            let part = try string(0, method, arguments)
            let text = try text.scan(&budget)
            guard !part.isEmpty else { return .integer(text.unicodeScalars.count + 1) }
            return .integer(TextSearch(text, part).pieces().count - 1)
        default: throw failure("a string has no method '\(method.rawValue)'")
        }
    }

    private mutating func string(
        _ index: Int, _ method: TemplateMethod, _ arguments: TemplateArguments
    ) throws(TemplateError) -> String {
        guard case .string(let value) = arguments[index, ""] else { throw failure("\(method.rawValue) takes a string") }
        return try value.scan(&budget)
    }

    private mutating func split(_ text: String, _ arguments: TemplateArguments) throws(TemplateError) -> TemplateValue {
        let limit = arguments[1, "maxsplit"]?.integer ?? -1
        let maximum = limit < 0 ? Int.max : limit
        let parts: [Substring]
        if case .string(let separator) = arguments[0, "sep"] {
            guard !separator.isEmpty else { throw failure("split takes a separator that is not empty") }
            let separator = try separator.scan(&budget)
            // Each piece is a value with a string of its own.
            try budget.spend(text.utf8.count / separator.utf8.count)
            parts = TextSearch(text, separator).pieces(limit: maximum)
        } else {
            try budget.spend(text.utf8.count)
            parts = text.unicodeScalars.split(maxSplits: maximum) { $0.properties.isWhitespace }.map { Substring($0) }
        }
        var values: [TemplateValue] = []
        for part in parts { values.append(try made(String(part))) }
        return try made(values)
    }

    /// The text with every occurrence of one text replaced by another.
    mutating func replaced(_ text: String, _ old: String, _ new: String) throws(TemplateError) -> TemplateValue {
        guard !old.isEmpty else { throw failure("replace takes a text that is not empty") }
        let search = TextSearch(text, old)
        try budget.spend(text.utf8.count / old.utf8.count / 4)
        return try joined(search.pieces().map { String($0) }, by: new)
    }

    /// The text without white space, or the given characters, at its ends.
    mutating func trimmed(
        _ text: TemplateText, of characters: TemplateValue?, atStart: Bool = true, atEnd: Bool = true
    ) throws(TemplateError) -> TemplateValue {
        var set: Set<Unicode.Scalar>?
        if case .string(let characters) = characters { set = Set(try characters.scan(&budget).unicodeScalars) }
        func isTrimmed(_ scalar: Unicode.Scalar) -> Bool { set?.contains(scalar) ?? scalar.isPythonSpace }
        var rest = try text.scan(&budget).unicodeScalars[...]
        if atStart { rest = rest.drop(while: isTrimmed) }
        while atEnd, let last = rest.last, isTrimmed(last) { rest.removeLast() }
        return try made(String(rest))
    }
}

extension Unicode.Scalar {
    /// White space that Python strips: Unicode's and the four separators of ASCII.
    fileprivate var isPythonSpace: Bool { properties.isWhitespace || (0x1C...0x1F).contains(value) }
}

extension String {
    fileprivate func utf8Index(_ offset: Int) -> Index { utf8.index(utf8.startIndex, offsetBy: offset) }
}
