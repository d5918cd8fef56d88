import CanonicalJSON

/// Calls in Decant's form, told as their text comes: `[{"name":"f","arguments":{"a":1}},{…}]`, without blanks in between.
///
/// Arguments are told as they are written, in pieces that depend on their text alone.
struct CallStream {
    enum Part: Hashable {
        case name(String)
        case arguments(String)
    }

    private enum Place {
        /// Before `[`, or between calls.
        case outside
        /// Within the quotes of a name, which may hold escapes.
        case name
        /// Within the arguments.
        case arguments(depth: Int, isText: Bool)
        case end
        /// Something stands there that has no place in this form.
        case elsewhere
    }

    private var place = Place.outside
    /// Bytes that are not told yet.
    private var open: [UInt8] = []
    private var isEscaped = false

    /// Bytes of arguments that are told together, so that a call has few parts.
    private static let pieceSize = 16
    private static let start = Array("{\"name\":".utf8)
    private static let middle = Array(",\"arguments\":".utf8)

    mutating func add(_ bytes: some Sequence<UInt8>) -> [Part] {
        var parts: [Part] = []
        for byte in bytes { add(byte, to: &parts) }
        return parts
    }

    /// What was not told yet of arguments that are not whole.
    mutating func rest() -> [Part] {
        var parts: [Part] = []
        if case .arguments = place { tellArguments(to: &parts) }
        return parts
    }

    private mutating func add(_ byte: UInt8, to parts: inout [Part]) {
        switch place {
        case .outside: takeOutside(byte)
        case .name: takeName(byte, to: &parts)
        case .arguments(let depth, let isText):
            takeArgument(byte, depth, isText, to: &parts)
            if case .arguments = place, open.count >= Self.pieceSize { tellArguments(to: &parts) }
        case .end, .elsewhere: place = .elsewhere
        }
    }

    /// `[`, or `,` and `}` around calls, and the start of a call up to the quote of its name.
    private mutating func takeOutside(_ byte: UInt8) {
        open.append(byte)
        let heads = [[UInt8(ascii: "[")], [UInt8(ascii: "}"), UInt8(ascii: ",")]].map { $0 + Self.start }
        if heads.contains(where: { open == $0 + [UInt8(ascii: "\"")] }) {
            place = .name
        } else if ["[]", "}]"].contains(where: { open == Array($0.utf8) }) {
            (place, open) = (.end, [])
        } else if !heads.contains(where: { ($0 + [UInt8(ascii: "\"")]).starts(with: open) }) {
            place = .elsewhere
        }
        if case .name = place { open = [UInt8(ascii: "\"")] }
    }

    private mutating func takeName(_ byte: UInt8, to parts: inout [Part]) {
        open.append(byte)
        let isMiddle = open.suffix(Self.middle.count + 1).elementsEqual(Self.middle + [UInt8(ascii: "{")])
        guard isMiddle else { return }
        let name = open.dropLast(Self.middle.count + 1)
        guard let text = (try? JSON(parsing: name))?.string else {
            place = .elsewhere
            return
        }
        parts.append(.name(text))
        (place, open) = (.arguments(depth: 1, isText: false), [byte])
    }

    private mutating func takeArgument(_ byte: UInt8, _ depth: Int, _ isText: Bool, to parts: inout [Part]) {
        open.append(byte)
        if isText {
            if isEscaped {
                isEscaped = false
            } else if byte == UInt8(ascii: "\\") {
                isEscaped = true
            } else if byte == UInt8(ascii: "\"") {
                place = .arguments(depth: depth, isText: false)
            }
            return
        }
        switch byte {
        case UInt8(ascii: "\""): place = .arguments(depth: depth, isText: true)
        case UInt8(ascii: "{"), UInt8(ascii: "["): place = .arguments(depth: depth + 1, isText: false)
        case UInt8(ascii: "}"), UInt8(ascii: "]"):
            place = .arguments(depth: depth - 1, isText: false)
            guard depth == 1 else { return }
            tellArguments(to: &parts)
            place = .outside
        default: break
        }
    }

    /// Tells the whole characters of what is open.
    private mutating func tellArguments(to parts: inout [Part]) {
        let whole = open.count - Self.unfinished(open)
        guard whole > 0 else { return }
        parts.append(.arguments(String(decoding: open[..<whole], as: UTF8.self)))
        open.removeFirst(whole)
    }

    /// Bytes at the end that begin a character of UTF-8 which is not whole.
    private static func unfinished(_ bytes: [UInt8]) -> Int {
        for (count, byte) in bytes.reversed().prefix(4).enumerated() {
            if byte & 0xC0 == 0x80 { continue }
            let length = byte < 0x80 ? 1 : byte >= 0xF0 ? 4 : byte >= 0xE0 ? 3 : 2
            return length > count + 1 ? count + 1 : 0
        }
        return 0
    }
}

extension CallStream {
    /// The calls of a whole text, arguments as they are written; `nil` where it has not this form.
    static func calls(in text: String) -> [(name: String, arguments: String)]? {
        var stream = CallStream()
        var calls: [(name: String, arguments: String)] = []
        for part in stream.add(text.utf8) {
            switch part {
            case .name(let name): calls.append((name, ""))
            case .arguments(let arguments):
                guard !calls.isEmpty else { return nil }
                calls[calls.count - 1].arguments += arguments
            }
        }
        guard case .end = stream.place else { return nil }
        return calls
    }
}
