/// Parts of a text that marks show, found in time that grows with the text alone: a lazy regular expression would look to the end
/// of the text for every mark that nothing closes.
extension String {
    /// The body of a block of code, where the text is one; else the text.
    ///
    /// - Parameter extra: characters, besides letters, of the word behind the first mark.
    func withoutFence(labels extra: String = "") -> String {
        let (fence, text) = ("```", withoutSpaceAround)
        guard text.count >= 2 * fence.count, text.hasPrefix(fence), text.hasSuffix(fence) else { return self }
        let body = text.dropFirst(fence.count).dropLast(fence.count)
        let behind = body.drop { $0.isASCII && $0.isLetter || extra.contains($0) }
        guard let line = behind.prefix(while: \.isWhitespace).lastIndex(of: "\n") else { return self }
        return String(behind[behind.index(after: line)...].withoutSpaceBehind)
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

extension StringProtocol {
    fileprivate var withoutSpaceBehind: SubSequence {
        self[..<(lastIndex { !$0.isWhitespace }.map(index(after:)) ?? startIndex)]
    }

    fileprivate var withoutSpaceAround: Substring { Substring(drop(while: \.isWhitespace)).withoutSpaceBehind }
}
