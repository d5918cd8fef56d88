/// The number that a response states as its answer, as lm-evaluation-harness finds it for GSM8K.
package enum StatedNumber {
    /// The number after the first `#### `: digits, full stops and commas, perhaps after a minus; `nil` where there is none.
    ///
    /// The filter `strict-match`.
    package static func strict(in text: String) -> String? {
        let text = Array(text.utf8)
        let mark = Array("#### ".utf8)
        for start in text.indices where text[start...].starts(with: mark) {
            var end = start + mark.count
            if end < text.count, text[end] == minus { end += 1 }
            let number = text[end...].prefix { isDigit($0) || $0 == stop || $0 == comma }
            if !number.isEmpty { return String(decoding: text[(start + mark.count)..<number.endIndex], as: UTF8.self) }
        }
        return nil
    }

    /// The last number: two or more digits, full stops, commas and dollar signs, or one digit, perhaps after a minus.
    ///
    /// The filter `flexible-extract`.
    package static func flexible(in text: String) -> String? {
        let text = Array(text.utf8)
        var last: Range<Int>?
        var place = 0
        while place < text.count {
            let start = text[place] == minus ? place + 1 : place
            let run = text[start...].prefix { isDigit($0) || $0 == stop || $0 == comma || $0 == dollar }
            if run.count >= 2 || run.first.map(isDigit) == true {
                last = place..<run.endIndex
                place = run.endIndex
            } else {
                place += 1
            }
        }
        return last.map { String(decoding: text[$0], as: UTF8.self) }
    }

    /// Whether a number is the one that the wanted text states after its last `#### `.
    ///
    /// Both are compared without commas, dollar signs and a full stop at the end, in lower case.
    ///
    /// - Parameter number: `nil` is never right.
    package static func isRight(_ number: String?, wanted: String) -> Bool {
        guard let number else { return false }
        return bare(number) == bare(wanted)
    }

    private static func bare(_ text: String) -> [UInt8] {
        var bytes = Array(PythonText.lowercased(text).utf8).filter { $0 != comma && $0 != dollar }
        let mark = Array("#### ".utf8)
        if let start = bytes.indices.last(where: { bytes[$0...].starts(with: mark) }) {
            bytes.removeFirst(start + mark.count)
        }
        // `$` of a pattern stands before a line feed at the end, too.
        let lineFeed = UInt8(ascii: "\n")
        let end = bytes.last == lineFeed && bytes.dropLast().last == stop ? bytes.count - 2 : bytes.count - 1
        if bytes.indices.contains(end), bytes[end] == stop { bytes.remove(at: end) }
        return bytes
    }

    private static let (minus, stop, comma, dollar) = (
        UInt8(ascii: "-"), UInt8(ascii: "."), UInt8(ascii: ","), UInt8(ascii: "$")
    )

    private static func isDigit(_ byte: UInt8) -> Bool { (UInt8(ascii: "0")...UInt8(ascii: "9")).contains(byte) }
}
