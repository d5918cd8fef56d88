/// Methods that look for parts of a text, or cut it into parts.
extension TemplateEvaluator {
    // MARK: Places

    /// Where a part stands, in characters, or how often.
    mutating func found(
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

    mutating func matches(
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

    mutating func split(
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

    mutating func partitioned(
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

    mutating func tabsExpanded(_ text: String, _ size: Int) throws(TemplateError) -> TemplateValue {
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
}
