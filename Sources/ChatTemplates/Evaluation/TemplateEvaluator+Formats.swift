/// Python's two ways to put values into a text: `'%s' % x` and `'{}'.format(x)`.
extension TemplateEvaluator {
    /// `text % values`, where a tuple holds several and a mapping those with names.
    mutating func printed(_ text: String, _ values: TemplateValue) throws(TemplateError) -> TemplateValue {
        var writer = TemplateWriter()
        var rest = Array(text.unicodeScalars)[...]
        var given: [TemplateValue]
        if case .list(let list) = values, list.kind == .tuple || list.kind == .group {
            given = try list.elements(&budget)
        } else {
            given = [values]
        }
        var used = 0
        var usesNames = false
        func next(_ failure: TemplateError) throws(TemplateError) -> TemplateValue {
            guard used < given.count else { throw failure }
            used += 1
            return given[used - 1]
        }
        let tooFew = failure("the text to print into wants more values than there are")
        try budget.spend(rest.count)
        while let scalar = rest.popFirst() {
            guard scalar == "%" else {
                try writer.append(String(scalar), &budget)
                continue
            }
            if rest.first == "%" {
                rest.removeFirst()
                try writer.append("%", &budget)
                continue
            }
            var format = TemplateFormat()
            var named: TemplateValue?
            if rest.first == "(" {
                let name = rest.dropFirst().prefix { $0 != ")" }
                rest = rest.dropFirst(name.count + 2)
                var view = String.UnicodeScalarView()
                view.append(contentsOf: name)
                guard case .mapping(let mapping) = values, let value = try mapping.value(named: String(view), &budget) else {
                    throw failure("there is no value '\(String(view))' to print")
                }
                (named, usesNames) = (value, true)
            }
            while let flag = rest.first, "#0- +".unicodeScalars.contains(flag) {
                rest.removeFirst()
                switch flag {
                case "#": format.isAlternate = true
                case "0": if format.alignment != "<" { (format.filling, format.alignment) = ("0", "=") }
                case "-": (format.filling, format.alignment) = (" ", "<")
                default: if format.sign != "+" { format.sign = flag }
                }
            }
            format.width = try number(&rest) ?? 0
            if rest.first == "." {
                rest.removeFirst()
                format.precision = try number(&rest) ?? 0
            }
            while let letter = rest.first, "hlL".unicodeScalars.contains(letter) { rest.removeFirst() }
            guard let type = rest.popFirst() else { throw failure("a '%' ends the text") }
            format.type = type
            var value = named ?? .none
            if named == nil { value = try next(tooFew) }
            try writer.append(try self.printed(value, format), &budget)
        }
        var isComplete = used == given.count || usesNames
        if case .mapping = values, used == 0 { isComplete = true }
        guard isComplete else { throw failure("not all values are printed") }
        return .string(writer.text)
    }

    private mutating func printed(_ value: TemplateValue, _ format: TemplateFormat) throws(TemplateError) -> String {
        var format = format
        switch format.type {
        case "s", "r", "a":
            var text = format.type == "s" ? try value.text(&budget) : try representation(of: value)
            if let precision = format.precision { text = String(text.unicodeScalars.prefix(precision)) }
            if format.alignment != "<" { (format.filling, format.alignment) = (" ", ">") }
            return format.padded(text, isNumber: true)
        case "c":
            if case .string(let text) = value { return format.padded(try text.read(&budget), isNumber: true) }
            guard let scalar = value.integer.flatMap({ Unicode.Scalar(UInt32(truncatingIfNeeded: $0)) }) else {
                throw failure("'%c' takes a character")
            }
            return format.padded(String(scalar), isNumber: true)
        case "d", "i", "u", "x", "X", "o":
            let whole =
                value.integer
                ?? (format.type == "d" || format.type == "i" || format.type == "u"
                    ? value.number.flatMap { Int(exactly: $0.rounded(.towardZero)) } : nil)
            guard let whole, let text = format.text(ofInteger: whole) else {
                throw failure("'%\(format.type.map { String($0) } ?? "")' takes a number, and not \(value.kind)")
            }
            if case .string = value { throw failure("a number is printed, and not a string") }
            return format.padded(text, isNumber: true)
        case "f", "F", "e", "E", "g", "G":
            guard let number = value.number, let text = format.text(ofReal: number) else {
                throw failure("a number is printed, and not \(value.kind)")
            }
            return format.padded(text, isNumber: true)
        default: throw failure("'%\(format.type.map { String($0) } ?? "")' prints nothing")
        }
    }

    private mutating func representation(of value: TemplateValue) throws(TemplateError) -> String {
        guard case .string(let text) = value else { return try value.text(&budget) }
        return TemplateValue.representation(of: try text.scan(&budget))
    }

    private func number(_ rest: inout ArraySlice<Unicode.Scalar>) throws(TemplateError) -> Int? {
        var digits = ""
        while let scalar = rest.first, ("0"..."9").contains(scalar), digits.utf8.count < 9 {
            digits.unicodeScalars.append(scalar)
            rest.removeFirst()
        }
        if digits.isEmpty { return nil }
        guard let number = Int(digits), number <= TemplateFormat.maximumWidth else {
            throw failure("a field is wider than \(TemplateFormat.maximumWidth)")
        }
        return number
    }

    // MARK: str.format

    /// `text.format(…)`
    mutating func formatted(_ text: String, _ arguments: TemplateArguments) throws(TemplateError) -> TemplateValue {
        var writer = TemplateWriter()
        var rest = Array(text.unicodeScalars)[...]
        var counter = 0
        try budget.spend(rest.count)
        while let scalar = rest.popFirst() {
            switch scalar {
            case "{" where rest.first == "{", "}" where rest.first == "}":
                rest.removeFirst()
                try writer.append(String(scalar), &budget)
            case "{":
                let field = rest.prefix { $0 != "}" && $0 != "{" }
                rest = rest.dropFirst(field.count)
                guard rest.popFirst() == "}" else { throw failure("a '{' without its '}', or a field within a field") }
                try writer.append(try self.field(Array(field), arguments, &counter), &budget)
            case "}": throw failure("a '}' that closes nothing")
            default: try writer.append(String(scalar), &budget)
            }
        }
        return .string(writer.text)
    }

    private mutating func field(
        _ field: [Unicode.Scalar], _ arguments: TemplateArguments, _ counter: inout Int
    ) throws(TemplateError) -> String {
        func text(_ scalars: some Sequence<Unicode.Scalar>) -> String {
            var view = String.UnicodeScalarView()
            view.append(contentsOf: scalars)
            return String(view)
        }
        let head = field.prefix { $0 != ":" && $0 != "!" }
        var rest = field[head.count...]
        var value = try self.value(ofField: text(head), arguments, &counter)
        if rest.first == "!" {
            let conversion = rest.dropFirst().first
            rest = rest.dropFirst(2)
            guard conversion == "r" || conversion == "s" else { throw failure("the conversion of a field is '!r' or '!s'") }
            value = try made(conversion == "r" ? try representation(of: value) : try value.text(&budget))
        }
        return try formatted(value, try specification(rest.dropFirst()))
    }

    /// The value of `name`, `0` or nothing, with `.member` and `[item]` behind it.
    private mutating func value(
        ofField name: String, _ arguments: TemplateArguments, _ counter: inout Int
    ) throws(TemplateError) -> TemplateValue {
        var parts = name.unicodeScalars.split(omittingEmptySubsequences: false) { $0 == "." || $0 == "[" }.map { part in
            String(part).replacing("]", with: "")
        }
        let first = parts.removeFirst()
        var value: TemplateValue
        if let index = first.isEmpty ? counter : Int(first) {
            if first.isEmpty { counter += 1 }
            guard arguments.values.indices.contains(index) else { throw failure("format has no value \(index)") }
            value = arguments.values[index]
        } else {
            guard let named = arguments.named[first] else { throw failure("format has no value '\(first)'") }
            value = named
        }
        for part in parts {
            value = try item(Int(part).map { .integer($0) } ?? TemplateValue(text: part), of: value)
            if case .undefined = value { throw failure("format finds no '\(part)'") }
        }
        return value
    }

    /// `[[fill]align][sign][#][0][width][,][.precision][type]`
    private func specification(_ scalars: ArraySlice<Unicode.Scalar>) throws(TemplateError) -> TemplateFormat {
        var format = TemplateFormat()
        var rest = scalars
        let aligns = "<>^=".unicodeScalars
        if let second = rest.dropFirst().first, aligns.contains(second), let first = rest.first {
            (format.filling, format.alignment) = (first, second)
            rest.removeFirst(2)
        } else if let first = rest.first, aligns.contains(first) {
            format.alignment = first
            rest.removeFirst()
        }
        if let sign = rest.first, "+- ".unicodeScalars.contains(sign) {
            format.sign = sign
            rest.removeFirst()
        }
        if rest.first == "#" {
            format.isAlternate = true
            rest.removeFirst()
        }
        if rest.first == "0", format.alignment == nil {
            (format.filling, format.alignment) = ("0", "=")
            rest.removeFirst()
        }
        format.width = try number(&rest) ?? 0
        if let grouping = rest.first, ",_".unicodeScalars.contains(grouping) {
            format.grouping = grouping
            rest.removeFirst()
        }
        if rest.first == "." {
            rest.removeFirst()
            format.precision = try number(&rest)
        }
        format.type = rest.popFirst()
        guard rest.isEmpty else { throw failure("a field's format cannot be read") }
        return format
    }

    private mutating func formatted(_ value: TemplateValue, _ format: TemplateFormat) throws(TemplateError) -> String {
        var format = format
        switch value {
        case .integer, .bool:
            if case .bool = value, format.type == nil {
                return format.padded(try value.text(&budget), isNumber: false)
            }
            guard let number = value.integer, let text = format.text(ofInteger: number) else { break }
            return format.padded(text, isNumber: true)
        case .real(let number):
            guard let text = format.text(ofReal: number) else { break }
            return format.padded(text, isNumber: true)
        case .string(let text):
            guard format.type == nil || format.type == "s", format.alignment != "=" || format.filling == "0" else { break }
            if format.alignment == "=" { format.alignment = "<" }
            var string = try text.read(&budget)
            if let precision = format.precision { string = String(string.unicodeScalars.prefix(precision)) }
            return format.padded(string, isNumber: false)
        default:
            guard format.type == nil, format.width == 0, format.precision == nil else { break }
            return try value.text(&budget)
        }
        throw failure("format cannot write \(value.kind) so")
    }
}
