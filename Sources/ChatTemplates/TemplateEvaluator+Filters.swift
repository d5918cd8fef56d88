/// The filters of `|`.
enum TemplateFilter: String {
    case tojson, trim, length, count, join, upper, lower, title, capitalize, first, last, list, string, int, float, abs
    case `default`, d, replace, reverse, items, dictsort, map, selectattr, rejectattr, select, reject, indent, safe, unique
}

extension TemplateEvaluator {
    mutating func apply(
        _ filter: TemplateFilter, to value: TemplateValue, _ arguments: TemplateArguments
    ) throws(TemplateError) -> TemplateValue {
        switch filter {
        case .tojson:
            guard let json = value.json(indentation: arguments[1, "indent"]?.integer) else {
                throw failure("tojson cannot write \(value.kind)")
            }
            return try checked(json)
        case .trim: return try checked(value.text.trimmed(of: arguments[0, "chars"]?.text, atStart: true, atEnd: true))
        case .upper: return try checked(value.text.uppercased())
        case .lower: return try checked(value.text.lowercased())
        case .capitalize: return try checked(value.text.prefix(1).uppercased() + value.text.dropFirst().lowercased())
        case .title:
            let words = value.text.split(separator: " ", omittingEmptySubsequences: false)
            return try checked(words.map { $0.prefix(1).uppercased() + $0.dropFirst().lowercased() }.joined(separator: " "))
        case .replace: return try replaced(value.text, arguments[0, "old"]?.text ?? "", arguments[1, "new"]?.text ?? "")
        case .indent: return try indented(value.text, arguments)
        case .string, .safe: return .string(value.text)
        case .default, .d:
            let fallback = arguments[0, "default_value"] ?? .string("")
            if case .undefined = value { return fallback }
            return arguments[1, "boolean"]?.isTrue == true && !value.isTrue ? fallback : value
        case .int:
            return .integer(
                value.integer ?? value.number.flatMap { Int(exactly: $0.rounded(.towardZero)) } ?? Int(value.text) ?? 0)
        case .float: return .real(value.number ?? Double(value.text) ?? 0)
        case .abs: return value.number.map { $0 < 0 } == true ? try binary("-", .integer(0), value) : value
        case .items:
            guard case .mapping(let mapping) = value else { throw failure("items takes a mapping, and not \(value.kind)") }
            return .list(mapping.members.map { .list([.string($0.key), $0.value]) })
        case .dictsort:
            guard case .mapping(let mapping) = value else { throw failure("dictsort takes a mapping, and not \(value.kind)") }
            let members = mapping.members.sorted { $0.key.lowercased() < $1.key.lowercased() }
            return .list(members.map { .list([.string($0.key), $0.value]) })
        default: return try apply(filter, toElements: try elements(of: value), arguments)
        }
    }

    private mutating func apply(
        _ filter: TemplateFilter, toElements elements: [TemplateValue], _ arguments: TemplateArguments
    ) throws(TemplateError) -> TemplateValue {
        switch filter {
        case .length, .count: return .integer(elements.count)
        case .first: return elements.first ?? .undefined("the first element")
        case .last: return elements.last ?? .undefined("the last element")
        case .reverse: return .list(elements.reversed())
        case .unique:
            var kept: [TemplateValue] = []
            for element in elements {
                try spend(kept.count)
                if !kept.contains(where: { $0.equals(element) }) { kept.append(element) }
            }
            return .list(kept)
        case .join:
            let parts =
                try arguments.named["attribute"].map { name throws(TemplateError) in
                    try attributes(name.text, of: elements)
                } ?? elements
            try spend(parts.reduce(0) { $0 + 1 + $1.text.utf8.count / 64 })
            return try checked(parts.map(\.text).joined(separator: arguments[0, "d"]?.text ?? ""))
        case .map:
            if let name = arguments.named["attribute"]?.text { return .list(try attributes(name, of: elements)) }
            guard let name = arguments.values.first?.text, let filter = TemplateFilter(rawValue: name) else {
                throw failure("map takes a filter's name or an attribute")
            }
            let rest = TemplateArguments(values: Array(arguments.values.dropFirst()), named: arguments.named)
            return .list(try elements.map { element throws(TemplateError) in try apply(filter, to: element, rest) })
        case .selectattr, .rejectattr, .select, .reject: return .list(try selected(by: filter, elements, arguments.values))
        default: return .list(elements)
        }
    }

    private func attributes(_ name: String, of elements: [TemplateValue]) throws(TemplateError) -> [TemplateValue] {
        elements.map { element in
            if case .mapping(let mapping) = element { mapping[name] ?? .undefined(name) } else { .undefined(name) }
        }
    }

    /// The elements that pass a test, or whose attribute passes it; without a test, those that are true.
    private mutating func selected(
        by filter: TemplateFilter, _ elements: [TemplateValue], _ arguments: [TemplateValue]
    ) throws(TemplateError) -> [TemplateValue] {
        let looksAtAttribute = filter == .selectattr || filter == .rejectattr
        let keeps = filter == .select || filter == .selectattr
        let rest = looksAtAttribute ? Array(arguments.dropFirst()) : arguments
        var kept: [TemplateValue] = []
        for element in elements {
            let value = looksAtAttribute ? try attributes(arguments.first?.text ?? "", of: [element])[0] : element
            let passes: Bool
            if let name = rest.first?.text {
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
        let margin = String(repeating: " ", count: width)
        let lines = text.split(separator: "\n", omittingEmptySubsequences: false)
        try spend(lines.count &* (1 + width / 64))
        let moved = lines.enumerated().map { index, line in
            (index == 0 ? movesFirst : !line.isEmpty) ? margin + line : String(line)
        }
        return try checked(moved.joined(separator: "\n"))
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
            return value.equals(other) != (test == .ne)
        case (.in, _):
            guard let container = arguments.first else { throw failure("'is in' takes a container") }
            return try contains(container, value)
        default: return false
        }
    }
}
