/// A piece of a template's source.
struct TemplateToken: Hashable, Sendable {
    enum Kind: Hashable, Sendable {
        case text(String)
        /// `{{` and `}}`
        case outputStart, outputEnd
        /// `{%` and `%}`
        case blockStart, blockEnd
        case name(String)
        case string(String)
        case integer(Int)
        case real(Double)
        case symbol(String)
        case end
    }

    var kind: Kind
    var line: Int
}

/// Divides a template into text and the tokens of its tags, with Jinja's `trim_blocks` and `lstrip_blocks`: a line with only a
/// block tag gives no text.
struct TemplateLexer {
    let source: [UInt8]
    var position = 0
    private(set) var line = 1
    var tokens: [TemplateToken] = []
    /// Whether the next text starts a line of the source.
    private var startsLine = true

    static func tokens(of source: String) throws(TemplateError) -> [TemplateToken] {
        var lexer = TemplateLexer(source)
        try lexer.run()
        return lexer.tokens
    }

    private init(_ source: String) {
        var bytes = Array(source.replacing("\r\n", with: "\n").replacing("\r", with: "\n").utf8)
        if bytes.last == Self.newline { bytes.removeLast() }
        self.source = bytes
    }

    static let newline = UInt8(ascii: "\n")

    private mutating func run() throws(TemplateError) {
        while position < source.count {
            let start = position
            let tag = nextTag(from: start)
            try readText(start..<(tag ?? source.count), before: tag)
            guard let tag else { break }
            startsLine = false
            position = tag + 2
            if peek == UInt8(ascii: "-") || peek == UInt8(ascii: "+") { position += 1 }
            if source[tag + 1] == UInt8(ascii: "%"), try readRaw() { continue }
            switch source[tag + 1] {
            case UInt8(ascii: "#"): try skipComment()
            case UInt8(ascii: "{"): try readTag(.outputStart, .outputEnd, closing: UInt8(ascii: "}"))
            default: try readTag(.blockStart, .blockEnd, closing: UInt8(ascii: "%"))
            }
        }
        append(.end)
    }

    private func nextTag(from start: Int) -> Int? {
        guard source.count >= 2 else { return nil }
        return (start..<max(start, source.count - 1)).first { index in
            source[index] == UInt8(ascii: "{") && "{%#".utf8.contains(source[index + 1])
        }
    }

    /// Reads the text of `raw %}…{% endraw %}` as it stands; returns false where the tag is another one.
    private mutating func readRaw() throws(TemplateError) -> Bool {
        guard let (_, mark, end) = tagEnd(named: "raw", from: position), mark != UInt8(ascii: "+") else { return false }
        line += source[position..<end].count { $0 == Self.newline }
        position = end
        if mark == UInt8(ascii: "-") { skipSpace() }
        var place = position
        while let open = nextTag(from: place) {
            place = open + 2
            guard source[open + 1] == UInt8(ascii: "%") else { continue }
            let name = place < source.count && "-+".utf8.contains(source[place]) ? place + 1 : place
            guard let (_, mark, end) = tagEnd(named: "endraw", from: name) else { continue }
            startsLine = position > 0 && source[position - 1] == Self.newline
            try readText(position..<open, before: open)
            line += source[open..<end].count { $0 == Self.newline }
            position = end
            skipAfterTag(mark: mark, trimsLine: true)
            return true
        }
        throw failure("the raw text has no end")
    }

    /// Whether a tag is nothing but a name: the place of the name, the mark before its end, and where it ends.
    private func tagEnd(named name: String, from start: Int) -> (name: Int, mark: UInt8, end: Int)? {
        var place = start
        while place < source.count, Self.isSpace(source[place]) { place += 1 }
        let first = place
        guard source[place...].starts(with: name.utf8) else { return nil }
        place += name.utf8.count
        while place < source.count, Self.isSpace(source[place]) { place += 1 }
        var mark: UInt8 = 0
        if place < source.count, "-+".utf8.contains(source[place]) {
            mark = source[place]
            place += 1
        }
        return source[place...].starts(with: "%}".utf8) ? (first, mark, place + 2) : nil
    }

    private mutating func skipSpace() {
        while let length = spaceLength(at: position) {
            if source[position] == Self.newline { line += 1 }
            position += length
        }
    }

    /// The bytes of the white space at a place, as Python has it.
    private func spaceLength(at place: Int) -> Int? {
        guard place < source.count else { return nil }
        if source[place] < 0x80 { return Self.isSpace(source[place]) || (0x1C...0x1F).contains(source[place]) ? 1 : nil }
        let character = String(decoding: source[place...].prefix(4), as: UTF8.self).unicodeScalars.first
        return character.flatMap { $0.isPythonSpace ? UTF8.width($0) : nil }
    }

    private mutating func readText(_ range: Range<Int>, before tag: Int?) throws(TemplateError) {
        var text = source[range]
        if let tag {
            let mark = tag + 2 < source.count ? source[tag + 2] : 0
            if mark == UInt8(ascii: "-") {
                var scalars = String(decoding: text, as: UTF8.self).unicodeScalars
                while let last = scalars.last, last.isPythonSpace { scalars.removeLast() }
                text = Array(String(scalars).utf8)[...]
            } else if source[tag + 1] != UInt8(ascii: "{"), mark != UInt8(ascii: "+") {
                let lineStart = text.lastIndex(of: Self.newline).map { $0 + 1 }
                let margin = text[(lineStart ?? text.startIndex)...]
                if lineStart != nil || startsLine, margin.allSatisfy(Self.isSpace) { text = text[..<margin.startIndex] }
            }
        }
        if !text.isEmpty { append(.text(String(decoding: text, as: UTF8.self))) }
        line += source[range].count { $0 == Self.newline }
        position = range.upperBound
    }

    private mutating func skipComment() throws(TemplateError) {
        let rest = source[position...]
        guard
            let end = rest.indices.dropLast().first(where: { rest[$0...].starts(with: "#}".utf8) })
        else { throw failure("the comment has no end") }
        line += source[position..<end].count { $0 == Self.newline }
        let mark = end > position ? source[end - 1] : 0
        position = end + 2
        skipAfterTag(mark: mark, trimsLine: true)
    }

    /// Reads the tokens of a tag up to its end.
    private mutating func readTag(
        _ start: TemplateToken.Kind, _ end: TemplateToken.Kind, closing: UInt8
    ) throws(TemplateError) {
        append(start)
        var depth = 0
        while true {
            skipSpace()
            guard let byte = peek else { throw failure("the tag has no end") }
            let mark = byte == UInt8(ascii: "-") || byte == UInt8(ascii: "+") ? byte : 0
            let place = position + (mark == 0 ? 0 : 1)
            if depth == 0, place + 1 < source.count, source[place] == closing, source[place + 1] == UInt8(ascii: "}") {
                position = place + 2
                append(end)
                skipAfterTag(mark: mark, trimsLine: closing == UInt8(ascii: "%"))
                return
            }
            if "([{".utf8.contains(byte) { depth += 1 }
            if ")]}".utf8.contains(byte) { depth -= 1 }
            try readToken(byte)
        }
    }

    private mutating func skipAfterTag(mark: UInt8, trimsLine: Bool) {
        startsLine = false
        if mark == UInt8(ascii: "-") {
            let start = position
            skipSpace()
            startsLine = position > start && source[position - 1] == Self.newline
        } else if trimsLine, mark != UInt8(ascii: "+"), peek == Self.newline {
            startsLine = true
            advance()
        }
    }

    mutating func take(while belongs: (UInt8) -> Bool) -> String {
        let start = position
        while let byte = peek, belongs(byte) { position += 1 }
        return String(decoding: source[start..<position], as: UTF8.self)
    }

    var peek: UInt8? { position < source.count ? source[position] : nil }

    mutating func advance() {
        if source[position] == Self.newline { line += 1 }
        position += 1
    }

    mutating func append(_ kind: TemplateToken.Kind) { tokens.append(TemplateToken(kind: kind, line: line)) }

    func failure(_ reason: String) -> TemplateError { TemplateError(reason: reason, line: line) }

    private static func isSpace(_ byte: UInt8) -> Bool { byte == 0x20 || (0x09...0x0D).contains(byte) }

    static func isNamePart(_ byte: UInt8) -> Bool {
        switch byte {
        case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "A")...UInt8(ascii: "Z"),
            UInt8(ascii: "0")...UInt8(ascii: "9"), UInt8(ascii: "_"), 0x80...0xFF:
            true
        default: false
        }
    }
}
