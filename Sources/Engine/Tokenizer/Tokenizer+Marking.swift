/// Text from outside inside a prompt whose own special tokens count: the outside text is marked so that it spells none.
extension Tokenizer {
    /// The text with a mark behind every character that an added token could start with.
    func marking(_ text: String, with mark: Unicode.Scalar) -> String {
        let starts = Set(addedTokens.compactMap(\.content.unicodeScalars.first))
        var result = String.UnicodeScalarView()
        for scalar in text.unicodeScalars {
            result.append(scalar)
            if starts.contains(scalar) { result.append(mark) }
        }
        return String(result)
    }

    /// The tokens of a text with marked parts; the marks themselves leave nothing behind.
    func encode(_ text: String, marked mark: Unicode.Scalar) -> [Int] {
        var ids: [Int] = []
        var text = text
        text.withUTF8 { bytes in
            var start = 0
            func appendPlain(upTo end: Int) {
                let part = String(decoding: bytes[start..<end], as: UTF8.self)
                var plain = String.UnicodeScalarView()
                plain.append(contentsOf: part.unicodeScalars.lazy.filter { $0 != mark })
                ids += encodePlainText(String(plain))
            }
            for match in scanners.raw.matches(in: bytes) {
                appendPlain(upTo: match.range.lowerBound)
                ids.append(match.id)
                start = match.range.upperBound
            }
            appendPlain(upTo: bytes.count)
        }
        return ids
    }
}
