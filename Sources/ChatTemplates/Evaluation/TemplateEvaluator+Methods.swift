/// The methods of strings, lists and mappings that change nothing.
package enum TemplateMethod: String, Sendable {
    case capitalize, casefold, center, count, endswith, expandtabs, find, format, index, isalnum, isalpha, isascii, isdecimal,
        isdigit
    case islower, isnumeric, isprintable, isspace, istitle, isupper, join, ljust, lower, lstrip, partition, removeprefix,
        removesuffix
    case replace, rfind, rindex, rjust, rpartition, rsplit, rstrip, split, splitlines, startswith, strip, swapcase, title,
        upper, zfill
    case copy, get, items, keys, values

    /// The method of this name that a value has.
    init?(_ name: String, of value: TemplateValue) {
        guard let method = Self(rawValue: name) else { return nil }
        switch (value, method) {
        case (.mapping, .items), (.mapping, .keys), (.mapping, .values), (.mapping, .get), (.mapping, .copy): self = method
        case (.mapping, _): return nil
        case (.list(let list), .index), (.list(let list), .count):
            if case .view = list.kind { return nil }
            self = method
        case (.list(let list), .copy) where list.kind == .list: self = method
        case (.string, .items), (.string, .keys), (.string, .values), (.string, .get), (.string, .copy): return nil
        case (.string, _): self = method
        default: return nil
        }
    }

    /// The names of its arguments in order.
    fileprivate var parameters: [String] {
        switch self {
        case .center, .ljust, .rjust: ["width", "fillchar"]
        case .count, .find, .index, .rfind, .rindex: ["sub", "start", "end"]
        case .startswith, .endswith: ["prefix", "start", "end"]
        case .expandtabs: ["tabsize"]
        case .join: ["iterable"]
        case .strip, .lstrip, .rstrip: ["chars"]
        case .partition, .rpartition: ["sep"]
        case .removeprefix, .removesuffix: ["affix"]
        case .replace: ["old", "new", "count"]
        case .split, .rsplit: ["sep", "maxsplit"]
        case .splitlines: ["keepends"]
        case .zfill: ["width"]
        case .get: ["key", "default"]
        default: []
        }
    }
}

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
    private func bounds(_ arguments: TemplateParameters, _ count: Int) throws(TemplateError) -> Range<Int> {
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

    private mutating func strings(_ parts: [String], _ kind: TemplateList.Kind = .list) throws(TemplateError) -> TemplateValue {
        var values: [TemplateValue] = []
        for part in parts { values.append(try made(part)) }
        return try made(values, kind)
    }

    // MARK: Places

    /// Where a part stands, in characters, or how often.
    private mutating func found(
        _ method: TemplateMethod, _ text: String, _ arguments: TemplateParameters
    ) throws(TemplateError) -> TemplateValue {
        let part = try string(arguments["sub"], method.rawValue)
        let scalars = Array(text.unicodeScalars)
        try budget.scan(bytes: text.utf8.count)
        let range = try bounds(arguments, scalars.count)
        var view = String.UnicodeScalarView()
        view.append(contentsOf: scalars[range])
        let rest = String(view)
        let search = TextSearch(rest, part)
        if method == .count {
            guard !part.isEmpty else { return .integer(range.count + 1) }
            return .integer(search.pieces().count - 1)
        }
        let isLast = method == .rfind || method == .rindex
        let place = isLast ? part.isEmpty ? rest.utf8.count : search.last(upTo: rest.utf8.count) : search.first(from: 0)
        guard let place else {
            if method == .find || method == .rfind { return .integer(-1) }
            throw failure("the text does not have what \(method.rawValue) looks for")
        }
        let index = rest.utf8.index(rest.utf8.startIndex, offsetBy: place)
        return .integer(range.lowerBound + rest.unicodeScalars.distance(from: rest.startIndex, to: index))
    }

    private mutating func matches(
        _ method: TemplateMethod, _ text: String, _ arguments: TemplateParameters
    ) throws(TemplateError) -> Bool {
        var affixes: [String] = []
        switch arguments["prefix"] {
        case .list(let list) where list.kind == .tuple:
            for affix in try list.elements(&budget) { affixes.append(try string(affix, method.rawValue)) }
        case let affix: affixes = [try string(affix, method.rawValue)]
        }
        var text = text
        if arguments["start"] != nil || arguments["end"] != nil {
            try budget.scan(bytes: text.utf8.count)
            let scalars = Array(text.unicodeScalars)
            var view = String.UnicodeScalarView()
            view.append(contentsOf: scalars[try bounds(arguments, scalars.count)])
            text = String(view)
        }
        for affix in affixes { try budget.copy(bytes: affix.utf8.count) }
        return affixes.contains { affix in
            method == .startswith
                ? text.utf8.starts(with: affix.utf8) : text.utf8.reversed().starts(with: affix.utf8.reversed())
        }
    }

    // MARK: Parts

    private mutating func split(
        _ text: String, _ arguments: TemplateParameters, fromEnd: Bool
    ) throws(TemplateError) -> TemplateValue {
        let limit = arguments["maxsplit"]?.integer ?? -1
        let most = limit < 0 ? Int.max : limit
        switch arguments["sep"] {
        case nil, .none?:
            try budget.spend(text.utf8.count)
            return try strings(fromEnd ? Self.wordsFromEnd(text, most) : Self.words(text, most))
        case .string(let separator):
            guard !separator.isEmpty else { throw failure("split takes a separator that is not empty") }
            let separator = try separator.scan(&budget)
            // Each piece is a value with a string of its own.
            try budget.spend(text.utf8.count / separator.utf8.count)
            let search = TextSearch(text, separator)
            guard fromEnd, most != .max else { return try strings(search.pieces(limit: most).map(String.init)) }
            let pieces = search.pieces().map(String.init)
            let first = max(0, pieces.count - 1 - most)
            let head = try joined(Array(pieces[...first]), by: separator).text(&budget)
            return try strings([head] + pieces[(first + 1)...])
        case let other?: throw failure("split takes a string, and not \(other.kind)")
        }
    }

    /// Words between white space; what is left after the last split keeps its inner and its last white space.
    private static func words(_ text: String, _ most: Int) -> [String] {
        var words: [String] = []
        var rest = text.unicodeScalars.drop { $0.isPythonSpace }
        while !rest.isEmpty {
            if words.count == most {
                words.append(String(rest))
                break
            }
            let word = rest.prefix { !$0.isPythonSpace }
            words.append(String(word))
            rest = rest[word.endIndex...].drop { $0.isPythonSpace }
        }
        return words
    }

    private static func wordsFromEnd(_ text: String, _ most: Int) -> [String] {
        var mirrored = String.UnicodeScalarView()
        mirrored.append(contentsOf: text.unicodeScalars.reversed())
        return words(String(mirrored), most).reversed().map { word in
            var view = String.UnicodeScalarView()
            view.append(contentsOf: word.unicodeScalars.reversed())
            return String(view)
        }
    }

    private mutating func partitioned(
        _ text: String, _ arguments: TemplateParameters, fromEnd: Bool
    ) throws(TemplateError) -> TemplateValue {
        let separator = try string(arguments["sep"], "partition")
        guard !separator.isEmpty else { throw failure("partition takes a separator that is not empty") }
        let search = TextSearch(text, separator)
        guard let place = fromEnd ? search.last(upTo: text.utf8.count) : search.first(from: 0) else {
            return try strings(fromEnd ? ["", "", text] : [text, "", ""], .tuple)
        }
        let bytes = Array(text.utf8)
        return try strings(
            [
                String(decoding: bytes[..<place], as: UTF8.self), separator,
                String(decoding: bytes[(place + separator.utf8.count)...], as: UTF8.self),
            ], .tuple)
    }

    private mutating func tabsExpanded(_ text: String, _ size: Int) throws(TemplateError) -> TemplateValue {
        guard (0...1024).contains(size) else { throw failure("a tab has at most 1024 columns") }
        var writer = TemplateWriter()
        var column = 0
        try budget.spend(text.utf8.count)
        for scalar in text.unicodeScalars {
            if scalar == "\t" {
                let width = size == 0 ? 0 : size - column % size
                try writer.append(" ", times: width, &budget)
                column += width
            } else {
                try writer.append(String(scalar), &budget)
                column = scalar == "\n" || scalar == "\r" ? 0 : column + 1
            }
        }
        return .string(writer.text)
    }

    // MARK: Kinds of characters

    private func isOfKind(_ method: TemplateMethod, _ text: String) throws(TemplateError) -> Bool {
        let scalars = text.unicodeScalars
        switch method {
        case .isascii: return text.utf8.allSatisfy { $0 < 0x80 }
        case .isprintable: return scalars.allSatisfy(\.isPrintable)
        case .islower, .isupper:
            let cased = scalars.filter { $0.properties.isCased }
            return !cased.isEmpty
                && cased.allSatisfy { method == .islower ? $0.properties.isLowercase : $0.properties.isUppercase }
        case .istitle:
            var (followsLetter, hasLetter) = (false, false)
            for scalar in scalars {
                let properties = scalar.properties
                let isLarge = properties.isUppercase || properties.generalCategory == .titlecaseLetter
                if isLarge && followsLetter || properties.isLowercase && !followsLetter { return false }
                followsLetter = isLarge || properties.isLowercase
                hasLetter = hasLetter || followsLetter
            }
            return hasLetter
        default: break
        }
        guard !scalars.isEmpty else { return false }
        return scalars.allSatisfy { scalar in
            let number = scalar.properties.numericType
            return switch method {
            case .isspace: scalar.isPythonSpace
            case .isalpha: scalar.isLetter
            case .isdecimal: number == .decimal
            case .isdigit: number == .decimal || number == .digit
            case .isnumeric: number != nil
            default: scalar.isLetter || number != nil
            }
        }
    }
}
