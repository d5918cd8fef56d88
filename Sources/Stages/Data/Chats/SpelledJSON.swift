import CanonicalJSON

/// Values in texts that programs and models wrote: JSON, or the literals of Python.
enum SpelledJSON {
    /// The one value of a text; `nil` where it is none.
    static func value(in text: String) -> JSON? {
        if let value = try? JSON(parsingAsWritten: text.utf8, maximumDepth: LiteralReader.mostLevels) { return value }
        guard let values = values(in: text), values.count == 1 else { return nil }
        return values[0]
    }

    /// The values of a text, one after the other, with white space or a comma between them; `nil` where it has anything else.
    static func values(in text: String) -> [JSON]? {
        var reader = LiteralReader(text)
        var values: [JSON] = []
        while !reader.isAtEnd {
            guard let value = reader.value() else { return nil }
            values.append(value)
            reader.skipComma()
        }
        return values
    }

    /// The values at the beginning of a text, with what is behind them.
    static func leadingValues(of text: String) -> (values: [JSON], rest: String) {
        var reader = LiteralReader(text)
        var values: [JSON] = []
        var end = reader
        while let value = reader.value(), value.object != nil || value.array != nil {
            values.append(value)
            reader.skipComma()
            end = reader
        }
        return (values, end.rest)
    }

    /// Python's calls with named arguments, in a list or alone: `[get_weather(city="Oslo"), stop()]`.
    static func calls(in text: String, of names: Set<String>) -> [StatedCall]? {
        var reader = LiteralReader(text)
        return reader.calls(of: names)
    }
}

/// Reads JSON and Python's literals alike: single quotes, `True`, `None`, tuples and commas before a closing bracket.
private struct LiteralReader {
    /// Containers inside one another.
    static let mostLevels = 64

    private let bytes: [UInt8]
    private var position = 0
    private var level = 0

    init(_ text: String) { bytes = Array(text.utf8) }

    var isAtEnd: Bool {
        mutating get {
            skipSpace()
            return position == bytes.count
        }
    }

    var rest: String { String(decoding: bytes[position...], as: UTF8.self) }

    mutating func skipComma() { _ = take(",") }

    mutating func value() -> JSON? {
        skipSpace()
        guard position < bytes.count, level < Self.mostLevels else { return nil }
        switch UnicodeScalar(bytes[position]) {
        case "{": return object()
        case "[": return list(closedBy: "]")
        case "(": return list(closedBy: ")")
        case "\"", "'": return string().map(JSON.string)
        case "-", "0"..."9": return number()
        default: return word()
        }
    }

    private mutating func object() -> JSON? {
        position += 1
        level += 1
        defer { level -= 1 }
        var members: [(String, JSON)] = []
        while !take("}") {
            guard members.isEmpty || take(",") else { return nil }
            if take("}") { break }
            skipSpace()
            guard let key = string(), take(":"), let value = value() else { return nil }
            members.append((key, value))
        }
        return .object(inOrder: members)
    }

    private mutating func list(closedBy end: UnicodeScalar) -> JSON? {
        position += 1
        level += 1
        defer { level -= 1 }
        var elements: [JSON] = []
        while !take(end) {
            guard elements.isEmpty || take(",") else { return nil }
            if take(end) { break }
            guard let value = value() else { return nil }
            elements.append(value)
        }
        return .array(elements)
    }

    private mutating func number() -> JSON? {
        let start = position
        while position < bytes.count, "+-.0123456789eE".utf8.contains(bytes[position]) { position += 1 }
        return try? JSON(parsingAsWritten: bytes[start..<position])
    }

    private mutating func word() -> JSON? {
        let start = position
        while position < bytes.count, UnicodeScalar(bytes[position]).properties.isAlphabetic { position += 1 }
        switch String(decoding: bytes[start..<position], as: UTF8.self) {
        case "true", "True": return true
        case "false", "False": return false
        case "null", "None": return .null
        default: return nil
        }
    }

    /// A string in either kind of quotes.
    private mutating func string() -> String? {
        guard position < bytes.count, bytes[position] == UInt8(ascii: "\"") || bytes[position] == UInt8(ascii: "'") else {
            return nil
        }
        let quote = bytes[position]
        position += 1
        var content: [UInt8] = []
        while position < bytes.count {
            let byte = bytes[position]
            position += 1
            if byte == quote { return String(validating: content, as: UTF8.self) }
            guard byte == UInt8(ascii: "\\") else {
                content.append(byte)
                continue
            }
            guard let escaped = escape() else { return nil }
            content += escaped
        }
        return nil
    }

    /// What an escape stands for, from the letter on. Python keeps escapes that it does not know.
    private mutating func escape() -> [UInt8]? {
        guard position < bytes.count else { return nil }
        let letter = bytes[position]
        position += 1
        switch UnicodeScalar(letter) {
        case "n": return [0x0A]
        case "t": return [0x09]
        case "r": return [0x0D]
        case "b": return [0x08]
        case "f": return [0x0C]
        case "\n": return []
        case "\\", "\"", "'", "/": return [letter]
        case "x": return code(2).flatMap(UnicodeScalar.init).map { Array(String(Character($0)).utf8) }
        case "u":
            guard var code = code(4) else { return nil }
            if (0xD800..<0xDC00).contains(code), bytes[position...].starts(with: "\\u".utf8) {
                position += 2
                guard let low = self.code(4), (0xDC00..<0xE000).contains(low) else { return nil }
                code = 0x10000 + ((code - 0xD800) << 10) + (low - 0xDC00)
            }
            return UnicodeScalar(code).map { Array(String(Character($0)).utf8) }
        default: return [UInt8(ascii: "\\"), letter]
        }
    }

    private mutating func code(_ digits: Int) -> UInt32? {
        guard bytes.count - position >= digits else { return nil }
        defer { position += digits }
        return UInt32(String(decoding: bytes[position..<(position + digits)], as: UTF8.self), radix: 16)
    }

    // MARK: Calls

    mutating func calls(of names: Set<String>) -> [StatedCall]? {
        let isList = take("[")
        var calls: [StatedCall] = []
        while true {
            skipSpace()
            guard let call = call(of: names) else { return nil }
            calls.append(call)
            if isList, take("]") { break }
            if !take(",") { break }
        }
        return isAtEnd ? calls : nil
    }

    private mutating func call(of names: Set<String>) -> StatedCall? {
        guard let open = bytes[position...].firstIndex(of: UInt8(ascii: "(")) else { return nil }
        let name = String(decoding: bytes[position..<open], as: UTF8.self).trimmed
        guard names.contains(name) else { return nil }
        position = open + 1
        var arguments: [(String, JSON)] = []
        while !take(")") {
            guard arguments.isEmpty || take(",") else { return nil }
            if take(")") { break }
            skipSpace()
            let start = position
            while position < bytes.count,
                bytes[position] == UInt8(ascii: "_") || UnicodeScalar(bytes[position]).properties.isAlphabetic
                    || UnicodeScalar(bytes[position]).properties.numericType != nil
            { position += 1 }
            let key = String(decoding: bytes[start..<position], as: UTF8.self)
            guard !key.isEmpty, take("="), let value = value() else { return nil }
            arguments.append((key, value))
        }
        return StatedCall(name: name, arguments: .object(inOrder: arguments))
    }

    // MARK: Bytes

    private mutating func skipSpace() {
        while position < bytes.count, [0x20, 0x0A, 0x0D, 0x09].contains(bytes[position]) { position += 1 }
    }

    /// Takes a character behind white space.
    private mutating func take(_ character: UnicodeScalar) -> Bool {
        skipSpace()
        guard position < bytes.count, bytes[position] == UInt8(ascii: character) else { return false }
        position += 1
        return true
    }
}
