/// The filters of `|`.
enum TemplateFilter: String {
    case tojson, trim, length, count, join, upper, lower, title, capitalize, first, last, list, string, int, float, abs
    case `default`, d, replace, reverse, items, dictsort, map, selectattr, rejectattr, select, reject, indent, safe, unique
}

extension TemplateEvaluator {
    mutating func apply(
        _ filter: TemplateFilter, to value: TemplateValue, _ arguments: TemplateArguments
    ) throws(TemplateError) -> TemplateValue {
        try budget.descend()
        defer { budget.ascend() }
        switch filter {
        case .tojson:
            var writer = TemplateWriter()
            let indentation = arguments[1, "indent"]?.integer
            guard try value.writeJSON(indentation: indentation, to: &writer, &budget) else {
                throw failure("tojson cannot write \(value.kind)")
            }
            return .string(writer.text)
        case .trim: return try trimmed(try text(value), of: arguments[0, "chars"])
        case .upper: return try made(try text(value).scan(&budget).uppercased())
        case .lower: return try made(try text(value).scan(&budget).lowercased())
        case .capitalize:
            let text = try text(value).scan(&budget)
            return try made(text.prefix(1).uppercased() + text.dropFirst().lowercased())
        case .title:
            let text = try text(value)
            // Words may be as many as bytes.
            try budget.spend(text.size)
            let words = try text.scan(&budget).split(separator: " ", omittingEmptySubsequences: false)
            return try joined(words.map { $0.prefix(1).uppercased() + $0.dropFirst().lowercased() }, by: " ")
        case .replace:
            let (old, new) = (try optionalText(arguments[0, "old"]), try optionalText(arguments[1, "new"]))
            return try replaced(try text(value).scan(&budget), old, new)
        case .indent: return try indented(try text(value).scan(&budget), arguments)
        case .string, .safe: return .string(try text(value))
        case .default, .d:
            let fallback = arguments[0, "default_value"] ?? TemplateValue(text: "")
            if case .undefined = value { return fallback }
            return arguments[1, "boolean"]?.isTrue == true && !value.isTrue ? fallback : value
        case .int:
            if let whole = value.integer { return .integer(whole) }
            if let number = value.number { return .integer(Int(exactly: number.rounded(.towardZero)) ?? 0) }
            return .integer(Int(try text(value).scan(&budget)) ?? 0)
        case .float:
            if let number = value.number { return .real(number) }
            return .real(Double(try text(value).scan(&budget)) ?? 0)
        case .abs: return value.number.map { $0 < 0 } == true ? try binary("-", .integer(0), value) : value
        case .items:
            // As in Jinja, what is not there has no members.
            if case .undefined = value { return try pairs([]) }
            guard case .mapping(let mapping) = value else { throw failure("items takes a mapping, and not \(value.kind)") }
            return try pairs(try mapping.members(&budget))
        case .dictsort:
            guard case .mapping(let mapping) = value else { throw failure("dictsort takes a mapping, and not \(value.kind)") }
            var keyed: [(key: String, member: (key: String, value: TemplateValue))] = []
            for member in try mapping.members(&budget) {
                // A sort looks at each key some twenty times.
                try budget.spend(20 + member.key.utf8.count)
                keyed.append((member.key.lowercased(), member))
            }
            return try pairs(keyed.sorted { $0.key < $1.key }.map(\.member))
        default: return try apply(filter, toElements: try elements(of: value), arguments)
        }
    }

    /// The text that a value prints, as a value's string.
    private mutating func text(_ value: TemplateValue) throws(TemplateError) -> TemplateText {
        if case .string(let text) = value { return text }
        return TemplateText(given: try value.text(&budget))
    }

    private mutating func optionalText(_ value: TemplateValue?) throws(TemplateError) -> String {
        let text = try value?.text(&budget) ?? ""
        try budget.scan(bytes: text.utf8.count)
        return text
    }

    private mutating func apply(
        _ filter: TemplateFilter, toElements elements: [TemplateValue], _ arguments: TemplateArguments
    ) throws(TemplateError) -> TemplateValue {
        switch filter {
        case .length, .count: return .integer(elements.count)
        case .first: return elements.first ?? .undefined("the first element")
        case .last: return elements.last ?? .undefined("the last element")
        case .reverse: return try made(elements.reversed())
        case .unique:
            var kept: [TemplateValue] = []
            search: for element in elements {
                for other in kept where try other.equals(element, &budget) { continue search }
                kept.append(element)
            }
            return try made(kept)
        case .join:
            let name = try arguments.named["attribute"]?.text(&budget)
            let separator = try optionalText(arguments[0, "d"])
            var parts: [String] = []
            for element in try name.map({ name throws(TemplateError) in try attributes(name, of: elements) }) ?? elements {
                parts.append(try element.text(&budget))
            }
            return try joined(parts, by: separator)
        case .map:
            if let name = try arguments.named["attribute"]?.text(&budget) {
                return try made(try attributes(name, of: elements))
            }
            guard let name = try arguments.values.first?.text(&budget), let filter = TemplateFilter(rawValue: name) else {
                throw failure("map takes a filter's name or an attribute")
            }
            try budget.spend(arguments.values.count)
            let rest = TemplateArguments(values: Array(arguments.values.dropFirst()), named: arguments.named)
            var mapped: [TemplateValue] = []
            for element in elements { mapped.append(try apply(filter, to: element, rest)) }
            return try made(mapped)
        case .selectattr, .rejectattr, .select, .reject: return try made(try selected(by: filter, elements, arguments.values))
        default: return try made(elements)
        }
    }

    private mutating func attributes(
        _ name: String, of elements: [TemplateValue]
    ) throws(TemplateError) -> [TemplateValue] {
        var values: [TemplateValue] = []
        for element in elements { values.append(try attribute(name, of: element)) }
        return values
    }

    private mutating func attribute(_ name: String, of value: TemplateValue) throws(TemplateError) -> TemplateValue {
        guard case .mapping(let mapping) = value else { return .undefined(name) }
        return try mapping.value(of: name, &budget) ?? .undefined(name)
    }

    /// The elements that pass a test, or whose attribute passes it; without a test, those that are true.
    private mutating func selected(
        by filter: TemplateFilter, _ elements: [TemplateValue], _ arguments: [TemplateValue]
    ) throws(TemplateError) -> [TemplateValue] {
        let looksAtAttribute = filter == .selectattr || filter == .rejectattr
        let keeps = filter == .select || filter == .selectattr
        let rest = looksAtAttribute ? Array(arguments.dropFirst()) : arguments
        let attribute = looksAtAttribute ? try optionalText(arguments.first) : ""
        let name = try rest.first?.text(&budget)
        var kept: [TemplateValue] = []
        for element in elements {
            let value = looksAtAttribute ? try self.attribute(attribute, of: element) : element
            let passes: Bool
            if let name {
                guard let test = TemplateTest(rawValue: name == "==" ? "eq" : name) else {
                    throw failure("the test '\(name)' is not supported")
                }
                passes = try holds(test, of: value, Array(rest.dropFirst()))
            } else {
                passes = value.isTrue
            }
            if passes == keeps { kept.append(element) }
        }
        return kept
    }

    /// The text with lines indented, except empty ones and, unless asked for, the first.
    private mutating func indented(_ text: String, _ arguments: TemplateArguments) throws(TemplateError) -> TemplateValue {
        let width = max(0, min(arguments[0, "width"]?.integer ?? 4, 1024))
        let movesFirst = arguments[1, "first"]?.isTrue == true
        let lines = TextSearch(text, "\n").pieces()
        try budget.spend(lines.count)
        var writer = TemplateWriter()
        for (index, line) in lines.enumerated() {
            if index > 0 { try writer.append("\n", &budget) }
            if index == 0 ? movesFirst : !line.isEmpty { try writer.append(" ", times: width, &budget) }
            try writer.append(line, &budget)
        }
        return .string(writer.text)
    }
}

/// The tests of `is`.
enum TemplateTest: String {
    case defined, undefined, none, string, number, integer, float, boolean, mapping, iterable, sequence, callable
    case `true`, `false`, even, odd, divisibleby, sameas, eq, equalto, ne, `in`
}

extension TemplateEvaluator {
    mutating func holds(
        _ test: TemplateTest, of value: TemplateValue, _ arguments: [TemplateValue]
    ) throws(TemplateError) -> Bool {
        switch (test, value) {
        case (.defined, .undefined): return false
        case (.defined, _): return true
        case (.undefined, .undefined), (.none, .none), (.string, .string), (.mapping, .mapping), (.callable, .function),
            (.boolean, .bool), (.integer, .integer), (.float, .real), (.number, .integer), (.number, .real), (.number, .bool),
            (.iterable, .string), (.iterable, .list), (.iterable, .mapping), (.iterable, .undefined),
            (.sequence, .string), (.sequence, .list), (.sequence, .mapping), (.sequence, .undefined):
            return true
        case (.true, .bool(let value)): return value
        case (.false, .bool(let value)): return !value
        case (.even, .integer(let value)): return value % 2 == 0
        case (.odd, .integer(let value)): return value % 2 != 0
        case (.divisibleby, .integer(let value)):
            guard let divisor = arguments.first?.integer, divisor != 0 else {
                throw failure("divisibleby takes a number but 0")
            }
            return value.remainderReportingOverflow(dividingBy: divisor).partialValue == 0
        case (.sameas, _), (.eq, _), (.equalto, _), (.ne, _):
            guard let other = arguments.first else { throw failure("'is \(test.rawValue)' takes a value") }
            return try value.equals(other, &budget) != (test == .ne)
        case (.in, _):
            guard let container = arguments.first else { throw failure("'is in' takes a container") }
            return try contains(container, value)
        default: return false
        }
    }
}
