import CanonicalJSON

/// Reads an answer from its start to its end.
struct AnswerCursor {
    /// Levels of containers in an argument.
    static let deepest = 64

    private let bytes: [UInt8]
    private var place = 0

    init(_ text: some StringProtocol) { bytes = Array(text.utf8) }

    var isAtEnd: Bool { place == bytes.count }
    var next: UInt8? { place < bytes.count ? bytes[place] : nil }

    mutating func skipSpaces() {
        while let byte = next, Self.isSpace(byte) { place += 1 }
    }

    /// Passes a text, where it stands here.
    mutating func take(_ text: String) -> Bool {
        guard bytes[place...].starts(with: text.utf8) else { return false }
        place += text.utf8.count
        return true
    }

    /// Passes one byte.
    mutating func takeByte() -> UInt8? {
        guard let byte = next else { return nil }
        place += 1
        return byte
    }

    /// Passes everything through a mark.
    ///
    /// - Returns: what stands before the mark; `nil` where it does not come, and nothing is passed.
    mutating func takeText(through mark: String) -> String? {
        let wanted = Array(mark.utf8)
        var start = place
        while start + wanted.count <= bytes.count {
            if bytes[start...].starts(with: wanted) {
                let text = String(decoding: bytes[place..<start], as: UTF8.self)
                place = start + wanted.count
                return text
            }
            start += 1
        }
        return nil
    }

    /// Passes the bytes that belong to a word.
    mutating func takeWord(_ belongs: (UInt8) -> Bool) -> String {
        let start = place
        while let byte = next, belongs(byte) { place += 1 }
        return String(decoding: bytes[start..<place], as: UTF8.self)
    }

    /// Passes the JSON object or list that starts here, with the spelling of its numbers.
    mutating func takeJSON() throws(RowError) -> JSON {
        let end = endOfContainer()
        defer { place = end }
        do throws(JSONError) {
            return try JSON(parsingAsWritten: bytes[place..<end], maximumDepth: Self.deepest)
        } catch {
            throw RowError("a call is not JSON: \(error.reason) at column \(error.column)")
        }
    }

    /// Where the brackets that start here are closed again; the end of the answer where they never are.
    private func endOfContainer() -> Int {
        var (depth, isInString, end) = (0, false, place)
        while end < bytes.count {
            let byte = bytes[end]
            end += 1
            if isInString {
                if byte == UInt8(ascii: "\\") { end = min(end + 1, bytes.count) }
                if byte == UInt8(ascii: "\"") { isInString = false }
                continue
            }
            switch byte {
            case UInt8(ascii: "\""): isInString = true
            case UInt8(ascii: "{"), UInt8(ascii: "["): depth += 1
            case UInt8(ascii: "}"), UInt8(ascii: "]"):
                depth -= 1
                if depth <= 0 { return end }
            default: if depth == 0 { return end }
            }
        }
        return end
    }

    static func isSpace(_ byte: UInt8) -> Bool { byte == 0x20 || (0x09...0x0D).contains(byte) }
}
