/// Why a text is not JSON, and where.
package struct JSONError: Error, Equatable, Sendable, CustomStringConvertible {
    package var reason: String
    /// Byte offset into the text.
    package var offset: Int
    package var line: Int
    package var column: Int

    package var description: String { "line \(line), column \(column): \(reason)" }
}

extension JSON {
    /// Parses one JSON text (RFC 8259), strictly: no trailing text, no duplicate keys, valid UTF-8, at most `maximumDepth`
    /// nested containers.
    package init(parsing bytes: some Collection<UInt8>, maximumDepth: Int = 256) throws(JSONError) {
        var parser = JSONParser(bytes: Array(bytes), maximumDepth: maximumDepth)
        self = try parser.parseDocument()
    }

    package init(parsing text: String, maximumDepth: Int = 256) throws(JSONError) {
        try self.init(parsing: text.utf8, maximumDepth: maximumDepth)
    }

    /// Parses as `init(parsing:)` does, but takes keys for different where their bytes are, as files of tokens need it:
    /// `sortedMembers` and `writtenMembers` have all of them.
    package init(parsingByBytes bytes: some Collection<UInt8>, maximumDepth: Int = 256) throws(JSONError) {
        var parser = JSONParser(bytes: Array(bytes), maximumDepth: maximumDepth)
        parser.tellsKeysByBytes = true
        self = try parser.parseDocument()
    }

    /// Parses as `init(parsing:)` does, but numbers stay what they are written as, and objects know the order of their members:
    /// `5` is an integer, `5.0` a real, `5e0` a decimal. `canonical` is the usual value.
    package init(parsingAsWritten bytes: some Collection<UInt8>, maximumDepth: Int = 256) throws(JSONError) {
        var parser = JSONParser(bytes: Array(bytes), maximumDepth: maximumDepth)
        parser.keepsSpelling = true
        self = try parser.parseDocument()
    }
}

private struct JSONParser {
    let bytes: [UInt8]
    let maximumDepth: Int
    var position = 0
    /// Whether numbers and the order of members stay as they are written.
    var keepsSpelling = false
    var tellsKeysByBytes = false

    init(bytes: [UInt8], maximumDepth: Int) { (self.bytes, self.maximumDepth) = (bytes, maximumDepth) }

    mutating func parseDocument() throws(JSONError) -> JSON {
        skipSpace()
        let value = try parseValue(depth: 0)
        skipSpace()
        guard position == bytes.count else { throw failure("text after the end of the value") }
        return value
    }

    private mutating func parseValue(depth: Int) throws(JSONError) -> JSON {
        guard depth < maximumDepth else { throw failure("nested deeper than \(maximumDepth) levels") }
        switch peek {
        case UInt8(ascii: "{"): return try parseObject(depth: depth)
        case UInt8(ascii: "["): return try parseArray(depth: depth)
        case UInt8(ascii: "\""): return .string(try parseString())
        case UInt8(ascii: "t"): return try parseWord("true", .bool(true))
        case UInt8(ascii: "f"): return try parseWord("false", .bool(false))
        case UInt8(ascii: "n"): return try parseWord("null", .null)
        case UInt8(ascii: "-"): return try parseNumber()
        case let byte? where (UInt8(ascii: "0")...UInt8(ascii: "9")).contains(byte): return try parseNumber()
        case nil: throw failure("the text ends where a value should stand")
        default: throw failure("no JSON value starts with this character")
        }
    }

    private mutating func parseObject(depth: Int) throws(JSONError) -> JSON {
        position += 1
        var members: [String: JSON] = [:]
        var keys: [String] = []
        var twins: [(key: String, value: JSON)] = []
        var twinKeys: Set<[UInt8]> = []
        skipSpace()
        if take("}") { return .object(members) }
        while true {
            skipSpace()
            guard peek == UInt8(ascii: "\"") else { throw failure("expected a quoted key") }
            let start = position
            let key = try parseString()
            skipSpace()
            guard take(":") else { throw failure("expected ':' after a key") }
            skipSpace()
            let value = try parseValue(depth: depth + 1)
            if let known = members.index(forKey: key) {
                let isTwin = tellsKeysByBytes && !members[known].key.utf8.elementsEqual(key.utf8)
                guard isTwin, twinKeys.insert(Array(key.utf8)).inserted else {
                    position = start
                    throw failure("the key '\(key)' stands twice in one object")
                }
                twins.append((key, value))
            } else {
                members[key] = value
                if keepsSpelling { keys.append(key) }
            }
            skipSpace()
            if take("}") { return .object(JSONObject(members, keys: keys, twins: twins)) }
            guard take(",") else { throw failure("expected ',' or '}'") }
        }
    }

    private mutating func parseArray(depth: Int) throws(JSONError) -> JSON {
        position += 1
        var elements: [JSON] = []
        skipSpace()
        if take("]") { return .array(elements) }
        while true {
            skipSpace()
            elements.append(try parseValue(depth: depth + 1))
            skipSpace()
            if take("]") { return .array(elements) }
            guard take(",") else { throw failure("expected ',' or ']'") }
        }
    }

    private mutating func parseWord(_ word: StaticString, _ value: JSON) throws(JSONError) -> JSON {
        let length = word.utf8CodeUnitCount
        guard word.withUTF8Buffer({ bytes[position...].starts(with: $0) }) else { throw failure("expected '\(word)'") }
        position += length
        return value
    }

    private mutating func parseNumber() throws(JSONError) -> JSON {
        let start = position
        _ = take("-")
        let integerStart = position
        let integerDigits = takeDigits()
        guard integerDigits > 0 else { throw failure("expected a digit") }
        guard integerDigits == 1 || bytes[integerStart] != UInt8(ascii: "0") else {
            throw failure("a number does not start with 0")
        }
        var isReal = false
        if take(".") {
            isReal = true
            guard takeDigits() > 0 else { throw failure("expected a digit after '.'") }
        }
        if take("e") || take("E") {
            isReal = true
            if !take("-") { _ = take("+") }
            guard takeDigits() > 0 else { throw failure("expected a digit in the exponent") }
        }
        let text = String(decoding: bytes[start..<position], as: UTF8.self)
        if keepsSpelling { return .number(written: text) }
        if !isReal, let value = Int64(text) { return .integer(value) }
        guard let value = Double(text), value.isFinite else {
            position = start
            throw failure("the number \(text) is out of range")
        }
        return .number(value)
    }

    private mutating func parseString() throws(JSONError) -> String {
        let start = position
        position += 1
        let (end, isASCII) = endOfPlainText()
        // Most strings have no escapes: they are taken as they stand.
        if end < bytes.count, bytes[end] == UInt8(ascii: "\""), let string = text(from: position, to: end, isASCII: isASCII) {
            position = end + 1
            return string
        }
        var content = Array(bytes[position..<end])
        position = end
        while let byte = peek {
            switch byte {
            case UInt8(ascii: "\""):
                position += 1
                guard let string = String(validating: content, as: UTF8.self) else {
                    position = start
                    throw failure("this string is not valid UTF-8")
                }
                return string
            case UInt8(ascii: "\\"):
                try parseEscape(into: &content)
            case 0..<0x20:
                throw failure("a control character stands in a string; write it as \\u00XX")
            default:
                content.append(byte)
                position += 1
            }
        }
        position = start
        throw failure("this string has no closing quote")
    }

    /// Where the first quote, escape or control character stands, and whether all before it is ASCII.
    private func endOfPlainText() -> (end: Int, isASCII: Bool) {
        bytes.withUnsafeBufferPointer { bytes in
            var end = position
            var seen: UInt8 = 0
            while end < bytes.count, bytes[end] != 0x22, bytes[end] != 0x5C, bytes[end] >= 0x20 {
                seen |= bytes[end]
                end += 1
            }
            return (end, seen < 0x80)
        }
    }

    /// A part of the bytes; `nil` where it is not UTF-8.
    private func text(from start: Int, to end: Int, isASCII: Bool) -> String? {
        bytes.withUnsafeBufferPointer { bytes in
            let part = UnsafeBufferPointer(rebasing: bytes[start..<end])
            return isASCII ? String(decoding: part, as: UTF8.self) : String(validating: part, as: UTF8.self)
        }
    }

    private mutating func parseEscape(into content: inout [UInt8]) throws(JSONError) {
        position += 1
        guard let letter = peek else { throw failure("the text ends in an escape") }
        let simple: [UInt8: UInt8] = [
            UInt8(ascii: "\""): 0x22, UInt8(ascii: "\\"): 0x5C, UInt8(ascii: "/"): 0x2F, UInt8(ascii: "b"): 0x08,
            UInt8(ascii: "f"): 0x0C, UInt8(ascii: "n"): 0x0A, UInt8(ascii: "r"): 0x0D, UInt8(ascii: "t"): 0x09,
        ]
        if let byte = simple[letter] {
            content.append(byte)
            position += 1
            return
        }
        guard letter == UInt8(ascii: "u") else { throw failure("no escape is written \\\(Character(UnicodeScalar(letter)))") }
        var code = try parseHex()
        if (0xD800..<0xDC00).contains(code), bytes[position...].starts(with: "\\u".utf8) {
            position += 1
            let low = try parseHex()
            guard (0xDC00..<0xE000).contains(low) else { throw failure("half a surrogate pair") }
            code = 0x10000 + ((code - 0xD800) << 10) + (low - 0xDC00)
        }
        guard let scalar = UnicodeScalar(code) else { throw failure("half a surrogate pair") }
        content.append(contentsOf: String(Character(scalar)).utf8)
    }

    /// Reads `uXXXX` from the letter on.
    private mutating func parseHex() throws(JSONError) -> UInt32 {
        let digits = bytes[(position + 1)...].prefix(4)
        guard digits.count == 4, digits.allSatisfy({ UnicodeScalar($0).properties.isASCIIHexDigit }),
            let code = UInt32(String(decoding: digits, as: UTF8.self), radix: 16)
        else { throw failure("expected four hexadecimal digits after \\u") }
        position += 5
        return code
    }

    private var peek: UInt8? { position < bytes.count ? bytes[position] : nil }

    private mutating func take(_ character: Unicode.Scalar) -> Bool {
        guard peek == UInt8(ascii: character) else { return false }
        position += 1
        return true
    }

    private mutating func takeDigits() -> Int {
        let start = position
        while let byte = peek, (UInt8(ascii: "0")...UInt8(ascii: "9")).contains(byte) { position += 1 }
        return position - start
    }

    private mutating func skipSpace() {
        while let byte = peek, byte == 0x20 || byte == 0x0A || byte == 0x0D || byte == 0x09 { position += 1 }
    }

    private func failure(_ reason: String) -> JSONError {
        let before = bytes[..<min(position, bytes.count)]
        let lineStart = (before.lastIndex(of: 0x0A) ?? -1) + 1
        return JSONError(
            reason: reason, offset: position, line: before.count { $0 == 0x0A } + 1, column: position - lineStart + 1)
    }
}
