/// The filters of `|`, with the arguments that each has.
package enum TemplateFilter: String, Sendable {
    case abs, attr, batch, capitalize, center, count, d, `default`, dictsort, e, escape, first, float, forceescape, format,
        groupby
    case indent, int, items, join, last, length, list, lower, map, max, min, reject, rejectattr, replace, reverse, round, safe
    case select, selectattr, slice, sort, string, sum, title, tojson, trim, truncate, unique, upper, urlencode, wordcount

    /// The names of its arguments in order; nil where it takes any.
    fileprivate var parameters: [String]? {
        switch self {
        case .abs, .capitalize, .count, .e, .escape, .first, .forceescape, .items, .last, .length, .list, .lower, .reverse,
            .safe,
            .string, .title, .upper, .urlencode, .wordcount:
            []
        case .attr: ["name"]
        case .batch: ["linecount", "fill_with"]
        case .center: ["width"]
        case .d, .default: ["default_value", "boolean"]
        case .dictsort: ["case_sensitive", "by", "reverse"]
        case .float: ["default"]
        case .groupby: ["attribute", "default", "case_sensitive"]
        case .indent: ["width", "first", "blank"]
        case .int: ["default", "base"]
        case .join: ["d", "attribute"]
        case .max, .min, .unique: ["case_sensitive", "attribute"]
        case .replace: ["old", "new", "count"]
        case .round: ["precision", "method"]
        case .slice: ["slices", "fill_with"]
        case .sort: ["reverse", "case_sensitive", "attribute"]
        case .sum: ["attribute", "start"]
        case .tojson: ["ensure_ascii", "indent", "separators", "sort_keys"]
        case .trim: ["chars"]
        case .truncate: ["length", "killwords", "end", "leeway"]
        case .format, .map, .reject, .rejectattr, .select, .selectattr: nil
        }
    }
}

extension TemplateEvaluator {
    mutating func apply(
        _ filter: TemplateFilter, to value: TemplateValue, _ given: TemplateArguments
    ) throws(TemplateError) -> TemplateValue {
        try budget.descend()
        defer { budget.ascend() }
        guard let names = filter.parameters else { return try apply(filter, toAll: value, given) }
        let arguments = try TemplateParameters(given, names, of: "the filter '\(filter.rawValue)'", budget)
        switch filter {
        case .default, .d:
            let fallback = arguments["default_value"] ?? TemplateValue(text: "")
            if case .undefined = value { return fallback }
            return arguments["boolean"]?.isTrue == true && !value.isTrue ? fallback : value
        case .tojson: return try json(value, arguments)
        case .abs:
            guard value.number != nil else { throw failure("abs takes a number, and not \(value.kind)") }
            if case .real(let number) = value { return .real(Swift.abs(number)) }
            return value.number.map { $0 < 0 } == true ? try binary("-", .integer(0), value) : value
        case .int: return try integer(value, arguments)
        case .float:
            if let number = value.number { return .real(number) }
            guard case .string(let text) = value else {
                if case .undefined = value { throw failure("float takes \(value.kind)") }
                return arguments["default"] ?? .real(0)
            }
            return Self.real(try text.scan(&budget)).map { .real($0) } ?? arguments["default"] ?? .real(0)
        case .round: return try rounded(value, arguments)
        case .attr: return try attribute(value, try string(arguments["name"], "attr"))
        case .capitalize, .center, .e, .escape, .forceescape, .indent, .lower, .replace, .safe, .string, .title, .trim,
            .truncate, .upper,
            .urlencode, .wordcount:
            return try apply(filter, toText: value, arguments)
        default: return try apply(filter, toElements: value, arguments)
        }
    }

    /// Filters that pass arguments on.
    private mutating func apply(
        _ filter: TemplateFilter, toAll value: TemplateValue, _ arguments: TemplateArguments
    ) throws(TemplateError) -> TemplateValue {
        switch filter {
        case .format:
            guard arguments.values.isEmpty || arguments.named.isEmpty else {
                throw failure("format takes values or values with names, and not both")
            }
            var named = TemplateMapping([])
            for (name, value) in arguments.inOrder(arguments.named) {
                try named.set(TemplateValue(text: name), to: value, &budget)
            }
            let given = named.count > 0 ? .mapping(named) : try made(arguments.values, .tuple)
            return try printed(try value.text(&budget), given)
        case .map: return try mapped(try elements(of: value), arguments)
        default: return try selected(by: filter, try elements(of: value), arguments)
        }
    }

    /// The text of a value that may only be a string.
    mutating func string(_ value: TemplateValue?, _ what: String) throws(TemplateError) -> String {
        guard case .string(let text) = value else { throw failure("\(what) takes a string") }
        return try text.read(&budget)
    }

    private mutating func attribute(_ value: TemplateValue, _ name: String) throws(TemplateError) -> TemplateValue {
        switch value {
        case .mapping, .list, .string:
            return TemplateMethod(name, of: value).map { .function(.method($0, of: value)) } ?? .undefined(name)
        case .namespace(let number): return try member(name, ofNamespace: number)
        default: return .undefined(name)
        }
    }

    private mutating func json(_ value: TemplateValue, _ arguments: TemplateParameters) throws(TemplateError) -> TemplateValue {
        var style = TemplateJSONStyle()
        style.escapesBeyondASCII = arguments["ensure_ascii"]?.isTrue ?? false
        style.sortsKeys = arguments["sort_keys"]?.isTrue ?? false
        switch arguments["indent"] {
        case .none?, nil: break
        case .string(let text): style.indentation = try text.read(&budget)
        case let width?:
            guard let width = width.integer else { throw failure("tojson cannot indent by \(width.kind)") }
            var spaces = TemplateWriter()
            try spaces.append(" ", times: width, &budget)
            style.indentation = spaces.prompt
        }
        if style.indentation != nil { style.separators.item = "," }
        if let separators = arguments["separators"], case .none = separators {
        } else if let separators = arguments["separators"] {
            let parts = try elements(of: separators)
            guard parts.count == 2 else { throw failure("tojson takes two separators") }
            style.separators = (try string(parts[0], "tojson"), try string(parts[1], "tojson"))
        }
        var writer = TemplateWriter()
        try value.writeJSON(style, to: &writer, &budget)
        return .string(writer.text)
    }

    // MARK: Numbers

    private mutating func integer(_ value: TemplateValue, _ arguments: TemplateParameters) throws(TemplateError)
        -> TemplateValue
    {
        let fallback = arguments["default"] ?? .integer(0)
        switch value {
        case .undefined: throw failure("int takes \(value.kind)")
        case .integer, .longInteger: return value
        case .string(let text):
            let text = try text.scan(&budget)
            if let whole = Self.integer(text, base: arguments["base"]?.integer ?? 10) { return .integer(whole) }
            return Self.real(text).flatMap(Self.truncated) ?? fallback
        default: return value.integer.map { .integer($0) } ?? value.number.flatMap(Self.truncated) ?? fallback
        }
    }

    private static func truncated(_ number: Double) -> TemplateValue? {
        guard number.isFinite else { return nil }
        return Int(exactly: number.rounded(.towardZero)).map { .integer($0) }
    }

    /// The number of a text as Python reads it: white space around it and `_` between digits are allowed.
    private static func integer(_ text: String, base: Int) -> Int? {
        var digits = stripped(text)
        let sign = digits.hasPrefix("-") || digits.hasPrefix("+") ? String(digits.removeFirst()) : ""
        var base = base
        for (prefix, of) in [("0x", 16), ("0o", 8), ("0b", 2)]
        where digits.lowercased().hasPrefix(prefix) && [0, of].contains(base) {
            digits.removeFirst(2)
            base = of
        }
        if base == 0 { base = 10 }
        guard (2...36).contains(base), let first = digits.unicodeScalars.first, first != "_", first != "+", first != "-",
            !digits.hasSuffix("_"), !digits.contains("__")
        else { return nil }
        return Int(sign + digits.replacing("_", with: ""), radix: base)
    }

    static func real(_ text: String) -> Double? {
        let text = stripped(text)
        switch text.lowercased().trimmingPrefix("-").trimmingPrefix("+") {
        case "inf", "infinity": return text.hasPrefix("-") ? -.infinity : .infinity
        case "nan": return .nan
        default:
            guard text.utf8.allSatisfy({ "0123456789+-.eE_".utf8.contains($0) }), !text.hasPrefix("_"), !text.hasSuffix("_")
            else {
                return nil
            }
            let plain = text.replacing("_", with: "")
            if let value = Double(plain) { return value }
            // Python reads `.5` and `5.`
            return plain.hasPrefix(".") ? Double("0" + plain) : plain.hasSuffix(".") ? Double(plain + "0") : nil
        }
    }

    private static func stripped(_ text: String) -> String {
        var scalars = text.unicodeScalars[...]
        while scalars.first?.isPythonSpace == true { scalars.removeFirst() }
        while scalars.last?.isPythonSpace == true { scalars.removeLast() }
        return String(scalars)
    }

    private mutating func rounded(_ value: TemplateValue, _ arguments: TemplateParameters) throws(TemplateError)
        -> TemplateValue
    {
        let precision = arguments["precision"]?.integer ?? 0
        let method = try arguments["method"].map { value throws(TemplateError) in try string(value, "round") } ?? "common"
        guard let number = value.number else { throw failure("round takes a number, and not \(value.kind)") }
        guard (-300...300).contains(precision) else { throw failure("round takes a precision of at most 300") }
        switch method {
        case "common":
            if let whole = value.integer { return .integer(precision < 0 ? Self.rounded(whole, -precision) : whole) }
            return .real(TemplateFormat.rounded(number, precision))
        case "ceil", "floor":
            let scale = TemplateFormat.power(ofTen: precision)
            return .real((number * scale).rounded(method == "ceil" ? .up : .down) / scale)
        default: throw failure("round knows no method '\(method)'")
        }
    }

    /// A whole number with so many zeros at its end, the nearest; of two, the even one.
    private static func rounded(_ number: Int, _ zeros: Int) -> Int {
        guard zeros < 19 else { return 0 }
        let scale = (0..<zeros).reduce(1) { scale, _ in scale * 10 }
        let (quotient, remainder) = number.quotientAndRemainder(dividingBy: scale)
        let twice = remainder.magnitude * 2
        let goesUp = twice > scale || (twice == scale && quotient % 2 != 0)
        return (quotient + (goesUp ? number.signum() : 0)).multipliedReportingOverflow(by: scale).partialValue
    }
}
