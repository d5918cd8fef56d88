/// Filters of texts. Other values are printed first.
extension TemplateEvaluator {
    mutating func apply(
        _ filter: TemplateFilter, toText value: TemplateValue, _ arguments: TemplateParameters
    ) throws(TemplateError) -> TemplateValue {
        let text = try text(value)
        switch filter {
        case .trim: return try trimmed(text, of: arguments["chars"])
        case .upper: return try made(try text.scan(&budget).pythonUppercased)
        case .lower: return try made(try text.scan(&budget).pythonLowercased)
        case .capitalize: return try made(try text.scan(&budget).pythonCapitalized)
        case .title: return try titled(text)
        case .replace:
            guard let old = arguments["old"], let new = arguments["new"] else { throw failure("replace takes two texts") }
            let count: Int
            if let limit = arguments["count"], case .none = limit {
                count = -1
            } else {
                count = arguments["count"]?.integer ?? -1
            }
            return try replaced(
                try text.scan(&budget), try self.text(old).scan(&budget), try self.text(new).scan(&budget), limit: count)
        case .indent: return try indented(try text.scan(&budget), arguments)
        case .center: return try padded(text, to: arguments["width"]?.integer ?? 80, with: " ", .center)
        case .safe: return .string(text.asMarkup)
        case .e, .escape, .forceescape:
            if text.isMarkup, filter != .forceescape { return .string(text) }
            return .string(try escaped(text).asMarkup)
        case .truncate: return try truncated(try text.scan(&budget), arguments)
        case .wordcount:
            var (count, isInWord) = (0, false)
            for scalar in try text.scan(&budget).unicodeScalars {
                let continues = scalar.properties.isAlphabetic || scalar.properties.numericType != nil || scalar == "_"
                if continues, !isInWord { count += 1 }
                isInWord = continues
            }
            return .integer(count)
        case .urlencode: return try urlEncoded(value)
        default: return .string(text)
        }
    }

    /// The text with HTML's special characters as entities.
    mutating func escaped(_ text: TemplateText) throws(TemplateError) -> TemplateText {
        try budget.spend(text.size)
        return try TemplateText(try text.scan(&budget).escapedForHTML, &budget)
    }

    /// The text that a value prints, as a value's string.
    mutating func text(_ value: TemplateValue) throws(TemplateError) -> TemplateText {
        if case .string(let text) = value { return text }
        return TemplateText(given: try value.text(&budget))
    }

    /// Every word with a large letter first; words end at spaces, hyphens and opening brackets.
    private mutating func titled(_ text: TemplateText) throws(TemplateError) -> TemplateValue {
        try budget.spend(text.size)
        var result = ""
        var startsWord = true
        for scalar in try text.scan(&budget).unicodeScalars {
            if scalar.isPythonSpace || "-({[<".unicodeScalars.contains(scalar) {
                startsWord = true
                result.unicodeScalars.append(scalar)
            } else {
                result += startsWord ? scalar.properties.uppercaseMapping : scalar.properties.lowercaseMapping
                startsWord = false
            }
        }
        return try made(result)
    }

    /// The text with lines indented: the first only where asked for, and empty ones too.
    private mutating func indented(_ text: String, _ arguments: TemplateParameters) throws(TemplateError) -> TemplateValue {
        var indentation = TemplateWriter()
        switch arguments["width"] {
        case .string(let text): try indentation.append(text, &budget)
        case let width: try indentation.append(" ", times: max(0, width?.integer ?? 4), &budget)
        }
        let space = indentation.prompt
        let movesBlank = arguments["blank"]?.isTrue == true
        try budget.spend(text.utf8.count)
        // A line ends behind the text, so that an empty text has a line too.
        let lines = (text + "\n").pythonLines()
        var writer = TemplateWriter()
        for (index, line) in lines.enumerated() {
            if index > 0 { try writer.append("\n", &budget) }
            let moves = index == 0 ? arguments["first"]?.isTrue == true : movesBlank || !line.isEmpty
            if moves { try writer.append(space, &budget) }
            try writer.append(line, &budget)
        }
        return .string(writer.text)
    }

    private mutating func truncated(_ text: String, _ arguments: TemplateParameters) throws(TemplateError) -> TemplateValue {
        let length = arguments["length"]?.integer ?? 255
        let end = try arguments["end"]?.text(&budget) ?? "..."
        let leeway = arguments["leeway"]?.integer ?? 5
        let scalars = Array(text.unicodeScalars)
        let ending = end.unicodeScalars.count
        guard length >= ending, leeway >= 0 else { throw failure("truncate cannot shorten to \(length)") }
        let (limit, overflows) = length.addingReportingOverflow(leeway)
        if overflows || scalars.count <= limit { return try made(text) }
        var kept = scalars[..<min(scalars.count, length - ending)]
        if arguments["killwords"]?.isTrue != true, let space = kept.lastIndex(of: " ") { kept = kept[..<space] }
        var result = String.UnicodeScalarView()
        result.append(contentsOf: kept)
        return try made(String(result) + end)
    }

    private mutating func urlEncoded(_ value: TemplateValue) throws(TemplateError) -> TemplateValue {
        func encoded(_ text: String, slash: Bool) -> String {
            text.utf8.reduce(into: "") { result, byte in
                let scalar = UnicodeScalar(byte)
                let isPlain = byte < 0x80 && (scalar.properties.isAlphabetic || (0x30...0x39).contains(byte))
                if isPlain || "_.-~".utf8.contains(byte) || (slash && byte == UInt8(ascii: "/")) {
                    result.unicodeScalars.append(scalar)
                } else {
                    result += "%" + (byte < 16 ? "0" : "") + String(byte, radix: 16, uppercase: true)
                }
            }
        }
        let pairs: [TemplateValue]
        switch value {
        case .mapping(let mapping): pairs = try self.pairs(try mapping.members(&budget))
        case .list, .iterator: pairs = try elements(of: value)
        default:
            let text = try text(value)
            try budget.spend(text.size)
            return try made(encoded(try text.scan(&budget), slash: true))
        }
        var parts: [String] = []
        for pair in pairs {
            let both = try elements(of: pair)
            guard both.count == 2 else { throw failure("urlencode takes pairs") }
            var texts: [String] = []
            for value in both {
                let text = try text(value)
                try budget.spend(text.size)
                texts.append(encoded(try text.scan(&budget), slash: false).replacing("%20", with: "+"))
            }
            parts.append(texts.joined(separator: "="))
        }
        return try joined(parts, by: "&")
    }

    // MARK: Shared with methods

    /// The text with occurrences of one text replaced by another; all of them where the limit is negative.
    mutating func replaced(
        _ text: String, _ old: String, _ new: String, limit: Int = -1
    ) throws(TemplateError) -> TemplateValue {
        let most = limit < 0 ? Int.max : limit
        guard !old.isEmpty else {
            try budget.spend(text.utf8.count)
            var writer = TemplateWriter()
            var count = 0
            for scalar in text.unicodeScalars {
                if count < most { try writer.append(new, &budget) }
                count += 1
                try writer.append(String(scalar), &budget)
            }
            if count < most { try writer.append(new, &budget) }
            return .string(writer.text)
        }
        let search = TextSearch(text, old)
        try budget.spend(text.utf8.count / old.utf8.count / 4)
        return try joined(search.pieces(limit: most).map { String($0) }, by: new)
    }

    /// The text without white space, or the given characters, at its ends.
    mutating func trimmed(
        _ text: TemplateText, of characters: TemplateValue?, atStart: Bool = true, atEnd: Bool = true
    ) throws(TemplateError) -> TemplateValue {
        var set: Set<Unicode.Scalar>?
        switch characters {
        case nil, .none?: break
        case .string(let characters): set = Set(try characters.scan(&budget).unicodeScalars)
        case let other?: throw failure("the characters to take away are \(other.kind)")
        }
        func isTrimmed(_ scalar: Unicode.Scalar) -> Bool { set?.contains(scalar) ?? scalar.isPythonSpace }
        var rest = try text.scan(&budget).unicodeScalars[...]
        if atStart { rest = rest.drop(while: isTrimmed) }
        while atEnd, let last = rest.last, isTrimmed(last) { rest.removeLast() }
        return try made(String(rest))
    }

    enum Alignment { case left, right, center }

    mutating func padded(
        _ text: TemplateText, to width: Int, with filling: String, _ alignment: Alignment
    ) throws(TemplateError) -> TemplateValue {
        let string = try text.scan(&budget)
        let missing = max(0, width - string.unicodeScalars.count)
        // Python puts the odd one before the text where the width is odd.
        let before =
            switch alignment {
            case .left: 0
            case .right: missing
            case .center: missing / 2 + (missing & width & 1)
            }
        var writer = TemplateWriter()
        try writer.append(filling, times: before, &budget)
        try writer.append(string, &budget)
        try writer.append(filling, times: missing - before, &budget)
        return .string(writer.text)
    }
}
