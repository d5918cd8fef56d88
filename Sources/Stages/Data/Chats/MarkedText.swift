/// Parts of a text that marks show, found in time that grows with the text alone: a lazy regular expression would look to the end
/// of the text for every mark that nothing closes.
extension String {
    /// The body of a block of code, where the text is one; else the text.
    var withoutFence: String {
        let fence = "```"
        let text = trimmed
        guard text.hasPrefix(fence), text.hasSuffix(fence), let line = text.firstIndex(where: \.isNewline) else { return self }
        let opening = text.index(text.startIndex, offsetBy: fence.count)
        let closing = text.index(text.endIndex, offsetBy: -fence.count)
        guard line < closing, String(text[opening..<line]).trimmed.allSatisfy({ $0.isASCII && $0.isLetter || $0 == "_" })
        else { return self }
        return String(text[line..<closing]).trimmed
    }

    /// What stands between each mark and the next one that closes it.
    func parts(from start: String, to end: String) -> [String] {
        var parts: [String] = []
        var rest = self[...]
        while let opening = rest.firstRange(of: start), let closing = rest[opening.upperBound...].firstRange(of: end) {
            parts.append(String(rest[opening.upperBound..<closing.lowerBound]))
            rest = rest[closing.upperBound...]
        }
        return parts
    }

    /// The text without brackets and what stands in them on one line, which Python's `re.sub(r"\[.*?\]", "", text)` gives.
    var withoutBrackets: String {
        let scalars = Array(unicodeScalars)
        var kept = String.UnicodeScalarView()
        var index = 0
        while index < scalars.count {
            let opening = scalars[index...].firstIndex(of: "[") ?? scalars.count
            kept.append(contentsOf: scalars[index..<opening])
            let end = scalars[opening...].firstIndex { $0 == "]" || $0 == "\n" } ?? scalars.count
            if end < scalars.count, scalars[end] == "]" {
                index = end + 1
            } else {
                // Nothing on this line is closed any more.
                kept.append(contentsOf: scalars[opening..<end])
                index = end
            }
        }
        return String(kept)
    }
}
