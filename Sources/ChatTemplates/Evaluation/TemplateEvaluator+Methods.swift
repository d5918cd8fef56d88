extension TemplateEvaluator {
    mutating func call(
        _ method: TemplateMethod, of object: TemplateValue, _ given: TemplateArguments
    ) throws(TemplateError) -> TemplateValue {
        if method == .format, case .string(let text) = object { return try formatted(try text.scan(&budget), given) }
        let arguments = try TemplateParameters(given, method.parameters, of: "the method '\(method.rawValue)'", budget)
        switch object {
        case .mapping(let mapping): return try call(method, of: mapping, arguments)
        case .list(let list): return try call(method, of: list, arguments)
        case .string(let text): return try call(method, of: text, arguments)
        default: throw failure("\(object.kind) has no method '\(method.rawValue)'")
        }
    }

    private mutating func call(
        _ method: TemplateMethod, of mapping: TemplateMapping, _ arguments: TemplateParameters
    ) throws(TemplateError) -> TemplateValue {
        switch method {
        case .items: return try made(try pairs(try mapping.members(&budget)), .view("dict_items"))
        case .keys: return try made(try mapping.members(&budget).map(\.key), .view("dict_keys"))
        case .values: return try made(try mapping.members(&budget).map(\.value), .view("dict_values"))
        case .copy: return .mapping(mapping)
        case .get:
            guard let key = arguments["key"] else { throw failure("get takes a key") }
            return try mapping.value(of: try self.key(key), &budget) ?? arguments["default"] ?? .none
        default: throw failure("a mapping has no method '\(method.rawValue)'")
        }
    }

    private mutating func call(
        _ method: TemplateMethod, of list: TemplateList, _ arguments: TemplateParameters
    ) throws(TemplateError) -> TemplateValue {
        if method == .copy { return .list(list) }
        guard let wanted = arguments["sub"] else { throw failure("\(method.rawValue) takes a value") }
        let elements = try list.elements(&budget)
        if method == .count {
            var count = 0
            for element in elements where try element.equals(wanted, &budget) { count += 1 }
            return .integer(count)
        }
        for place in try bounds(arguments, elements.count) where try elements[place].equals(wanted, &budget) {
            return .integer(place)
        }
        throw failure("the list does not have what index looks for")
    }

    /// The places that `start` and `end` leave; negative ones count from the end.
    func bounds(_ arguments: TemplateParameters, _ count: Int) throws(TemplateError) -> Range<Int> {
        func place(_ name: String, _ standard: Int) throws(TemplateError) -> Int {
            switch arguments[name] {
            case nil, .none?: return standard
            case let value?:
                guard let number = value.integer else { throw failure("\(name) is \(value.kind)") }
                return number < 0 ? max(0, number < -count ? 0 : number + count) : min(number, count + 1)
            }
        }
        let start = try place("start", 0)
        let end = min(count, try place("end", count))
        return start <= end ? start..<end : count..<count
    }

    private mutating func call(
        _ method: TemplateMethod, of text: TemplateText, _ arguments: TemplateParameters
    ) throws(TemplateError) -> TemplateValue {
        switch method {
        case .strip: return try trimmed(text, of: arguments["chars"])
        case .lstrip: return try trimmed(text, of: arguments["chars"], atEnd: false)
        case .rstrip: return try trimmed(text, of: arguments["chars"], atStart: false)
        case .split, .rsplit: return try split(try text.scan(&budget), arguments, fromEnd: method == .rsplit)
        case .splitlines:
            try budget.spend(text.size)
            return try strings(try text.scan(&budget).pythonLines(keepingEnds: arguments["keepends"]?.isTrue == true))
        case .partition, .rpartition: return try partitioned(try text.scan(&budget), arguments, fromEnd: method == .rpartition)
        case .startswith, .endswith: return .bool(try matches(method, try text.read(&budget), arguments))
        case .removeprefix, .removesuffix:
            let string = try text.scan(&budget)
            let affix = try self.string(arguments["affix"], method.rawValue)
            if method == .removeprefix {
                return string.utf8.starts(with: affix.utf8)
                    ? try made(String(decoding: string.utf8.dropFirst(affix.utf8.count), as: UTF8.self)) : .string(text)
            }
            return string.utf8.reversed().starts(with: affix.utf8.reversed())
                ? try made(String(decoding: string.utf8.dropLast(affix.utf8.count), as: UTF8.self)) : .string(text)
        case .upper: return try made(try text.scan(&budget).pythonUppercased)
        case .lower, .casefold: return try made(try text.scan(&budget).pythonLowercased)
        case .title: return try made(try text.scan(&budget).pythonTitled)
        case .capitalize: return try made(try text.scan(&budget).pythonCapitalized)
        case .swapcase: return try made(try text.scan(&budget).pythonSwapped)
        case .replace:
            return try replaced(
                try text.scan(&budget), try string(arguments["old"], "replace"), try string(arguments["new"], "replace"),
                limit: arguments["count"]?.integer ?? -1)
        case .join:
            guard let elements = arguments["iterable"] else { throw failure("join takes a list") }
            var parts: [String] = []
            for element in try self.elements(of: elements) { parts.append(try string(element, "join")) }
            return try joined(parts, by: try text.read(&budget))
        case .find, .rfind, .index, .rindex, .count: return try found(method, try text.scan(&budget), arguments)
        case .center: return try padded(text, arguments, .center)
        case .ljust: return try padded(text, arguments, .left)
        case .rjust: return try padded(text, arguments, .right)
        case .zfill:
            let string = try text.scan(&budget)
            let sign = string.hasPrefix("-") || string.hasPrefix("+") ? String(string.prefix(1)) : ""
            let digits = TemplateText(given: String(string.dropFirst(sign.count)))
            let width = (arguments["width"]?.integer ?? 0) - sign.utf8.count
            return try joined([sign, try padded(digits, to: width, with: "0", .right).text(&budget)])
        case .expandtabs: return try tabsExpanded(try text.scan(&budget), arguments["tabsize"]?.integer ?? 8)
        default: return .bool(try isOfKind(method, try text.scan(&budget)))
        }
    }

    private mutating func padded(
        _ text: TemplateText, _ arguments: TemplateParameters, _ alignment: Alignment
    ) throws(TemplateError) -> TemplateValue {
        guard let width = arguments["width"]?.integer else { throw failure("the width is no whole number") }
        let filling = try arguments["fillchar"].map { value throws(TemplateError) in try string(value, "fillchar") } ?? " "
        guard filling.unicodeScalars.count == 1 else { throw failure("a text is filled with one character") }
        return try padded(text, to: width, with: filling, alignment)
    }

    mutating func strings(_ parts: [String], _ kind: TemplateList.Kind = .list) throws(TemplateError) -> TemplateValue {
        var values: [TemplateValue] = []
        for part in parts { values.append(try made(part)) }
        return try made(values, kind)
    }
}
