/// A question's words with their places: runs of letters, marks and digits, and every other visible character by itself.
package struct QueryWords: Hashable, Sendable {
    package let text: String
    private let ranges: [Range<String.Index>]

    package init(_ text: String) {
        let scalars = text.unicodeScalars
        var ranges: [Range<String.Index>] = []
        var start: String.Index?
        for index in scalars.indices {
            let scalar = scalars[index]
            if SearchTerms.isPart(scalar) {
                start = start ?? index
                continue
            }
            if let first = start { ranges.append(first..<index) }
            start = nil
            if !scalar.properties.isWhitespace { ranges.append(index..<scalars.index(after: index)) }
        }
        if let start { ranges.append(start..<scalars.endIndex) }
        (self.text, self.ranges) = (text, ranges)
    }

    package var count: Int { ranges.count }
    package var words: [String] { ranges.map { String(text[$0]) } }

    /// What stands from the first to the last word of a range, as it is written.
    package func text(of places: Range<Int>) -> String {
        guard let first = places.first, let last = places.last else { return "" }
        return String(text[ranges[first].lowerBound..<ranges[last].upperBound])
    }

    /// Where the words of a value stand for the first time, in any case, outside of other places.
    package func place(of value: String, outside taken: [Range<Int>] = []) -> Range<Int>? {
        let wanted = QueryWords(value).words.map { $0.lowercased() }
        guard !wanted.isEmpty, wanted.count <= count else { return nil }
        let own = words.map { $0.lowercased() }
        for start in 0...count - wanted.count {
            let range = start..<start + wanted.count
            if Array(own[range]) == wanted, !taken.contains(where: { $0.overlaps(range) }) { return range }
        }
        return nil
    }
}
