import CanonicalJSON

/// Reads the part of Python that calls with literal arguments need.
struct PythonReader {
    var cursor: AnswerCursor

    mutating func answer(_ marks: [String]) throws(RowError) -> [FunctionCall] {
        cursor.skipSpaces()
        let isMarked = takeAny(marks)
        cursor.skipSpaces()
        guard isMarked || startsCalls else { return [] }
        let calls = try list()
        cursor.skipSpaces()
        if takeAny(marks) { cursor.skipSpaces() }
        guard cursor.isAtEnd else { throw RowError("something follows the list of calls") }
        return calls
    }

    private mutating func takeAny(_ marks: [String]) -> Bool {
        for mark in marks where cursor.take(mark) { return true }
        return false
    }

    /// Whether `[name(` stands here, as no other list does.
    private var startsCalls: Bool {
        var ahead = cursor
        guard ahead.take("[") else { return false }
        ahead.skipSpaces()
        return !ahead.takeWord(Self.isOfName).isEmpty && ahead.take("(")
    }

    private mutating func list() throws(RowError) -> [FunctionCall] {
        try expect("[")
        var calls: [FunctionCall] = []
        cursor.skipSpaces()
        while !cursor.take("]") {
            calls.append(try call())
            try separate(until: "]")
        }
        return calls
    }

    private mutating func call() throws(RowError) -> FunctionCall {
        let name = cursor.takeWord(Self.isOfName)
        guard !name.isEmpty else { throw RowError("a call has no name") }
        try expect("(")
        var arguments: [String: JSON] = [:]
        cursor.skipSpaces()
        while !cursor.take(")") {
            let key = cursor.takeWord(Self.isOfName)
            cursor.skipSpaces()
            guard !key.isEmpty, cursor.take("=") else { throw RowError("the call of '\(name)' has an argument without a name") }
            guard arguments.updateValue(try value(depth: 0), forKey: key) == nil else {
                throw RowError("the call of '\(name)' has the argument '\(key)' twice")
            }
            try separate(until: ")")
        }
        return FunctionCall(name: name, arguments: arguments)
    }

    private mutating func value(depth: Int) throws(RowError) -> JSON {
        guard depth < AnswerCursor.deepest else { throw RowError("an argument is nested too deeply") }
        cursor.skipSpaces()
        switch cursor.next {
        case UInt8(ascii: "'"), UInt8(ascii: "\""): return .string(try string())
        case UInt8(ascii: "["): return try elements("[", "]", depth)
        case UInt8(ascii: "("): return try elements("(", ")", depth)
        case UInt8(ascii: "{"): return try mapping(depth)
        default: return try word()
        }
    }

    private mutating func elements(_ start: String, _ end: String, _ depth: Int) throws(RowError) -> JSON {
        try expect(start)
        var elements: [JSON] = []
        cursor.skipSpaces()
        while !cursor.take(end) {
            elements.append(try value(depth: depth + 1))
            try separate(until: end)
        }
        return .array(elements)
    }

    private mutating func mapping(_ depth: Int) throws(RowError) -> JSON {
        try expect("{")
        var members: [String: JSON] = [:]
        cursor.skipSpaces()
        while !cursor.take("}") {
            guard cursor.next == UInt8(ascii: "'") || cursor.next == UInt8(ascii: "\"") else {
                throw RowError("a dictionary has a key that is no text")
            }
            let key = try string()
            cursor.skipSpaces()
            try expect(":")
            guard members.updateValue(try value(depth: depth + 1), forKey: key) == nil else {
                throw RowError("a dictionary has the key '\(key)' twice")
            }
            try separate(until: "}")
        }
        return .object(members)
    }

    private mutating func word() throws(RowError) -> JSON {
        let word = cursor.takeWord { Self.isOfName($0) && $0 != UInt8(ascii: ":") }
        switch word {
        case "True", "true": return .bool(true)
        case "False", "false": return .bool(false)
        case "None", "null": return .null
        default:
            guard let number = try? JSON(parsingAsWritten: word.utf8), number.isNumber else {
                throw RowError("'\(word)' is no value")
            }
            return number
        }
    }

    private mutating func string() throws(RowError) -> String {
        let quote = cursor.takeByte()
        var bytes: [UInt8] = []
        while let byte = cursor.takeByte() {
            if byte == quote { return String(decoding: bytes, as: UTF8.self) }
            if byte == UInt8(ascii: "\\") { try escape(into: &bytes) } else { bytes.append(byte) }
        }
        throw RowError("a text is not closed")
    }

    /// Python keeps the backslash of an escape that it does not know.
    private mutating func escape(into bytes: inout [UInt8]) throws(RowError) {
        guard let byte = cursor.takeByte() else { throw RowError("a text is not closed") }
        switch byte {
        case UInt8(ascii: "n"): bytes.append(0x0A)
        case UInt8(ascii: "t"): bytes.append(0x09)
        case UInt8(ascii: "r"): bytes.append(0x0D)
        case UInt8(ascii: "\\"), UInt8(ascii: "'"), UInt8(ascii: "\""): bytes.append(byte)
        case UInt8(ascii: "\n"): break
        case UInt8(ascii: "x"): bytes += Self.utf8(try hex(2))
        case UInt8(ascii: "U"): bytes += Self.utf8(try hex(8))
        case UInt8(ascii: "u"):
            let unit = try hex(4)
            var ahead = self
            // JSON's two escapes of one character.
            if (0xD800..<0xDC00).contains(unit), ahead.cursor.take("\\u"), let second = try? ahead.hex(4),
                (0xDC00..<0xE000).contains(second)
            {
                self = ahead
                bytes += Self.utf8(0x10000 + (unit - 0xD800) << 10 + (second - 0xDC00))
            } else {
                bytes += Self.utf8(unit)
            }
        default: bytes += [UInt8(ascii: "\\"), byte]
        }
    }

    private mutating func hex(_ digits: Int) throws(RowError) -> UInt32 {
        var value: UInt32 = 0
        for _ in 0..<digits {
            guard let digit = cursor.takeByte().flatMap({ Character(Unicode.Scalar($0)).hexDigitValue }) else {
                throw RowError("a text has an escape without its \(digits) digits")
            }
            value = value << 4 | UInt32(digit)
        }
        return value
    }

    private static func utf8(_ code: UInt32) -> [UInt8] { Array(String(Unicode.Scalar(code) ?? "\u{FFFD}").utf8) }

    /// Passes a comma, unless the end comes.
    private mutating func separate(until end: String) throws(RowError) {
        cursor.skipSpaces()
        var ahead = cursor
        if ahead.take(end) { return }
        try expect(",")
        cursor.skipSpaces()
    }

    private mutating func expect(_ text: String) throws(RowError) {
        guard cursor.take(text) else { throw RowError("'\(text)' is missing in the list of calls") }
    }

    /// Names may be any words without Python's own marks: functions are called by names of other languages too.
    private static func isOfName(_ byte: UInt8) -> Bool {
        !AnswerCursor.isSpace(byte) && !"()[]{}'\"=,".utf8.contains(byte)
    }
}
