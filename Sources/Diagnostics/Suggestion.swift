/// Picks what a misspelt word was meant to be.
package enum Suggestion {
    /// The candidate nearest to a word, when few enough letters differ, or that goes on behind it; the first of equals.
    package static func nearest(to word: String, among candidates: [String]) -> String? {
        guard word.utf8.count <= 64 else { return nil }
        let allowed = max(1, word.count / 3)
        let ranked = candidates.map { ($0, distance(word.lowercased(), $0.lowercased())) }.filter { $0.1 <= allowed }
        return ranked.min { $0.1 < $1.1 }?.0 ?? candidates.first { !word.isEmpty && $0.hasPrefix(word + "_") }
    }

    /// Insertions, deletions, replacements and swaps of neighbours that turn one word into another.
    package static func distance(_ left: String, _ right: String) -> Int {
        let (a, b) = (Array(left.unicodeScalars), Array(right.unicodeScalars))
        var beforeLast: [Int] = []
        var last = Array(0...b.count)
        for i in 0..<a.count {
            var row = [i + 1]
            for j in 0..<b.count {
                var cost = min(last[j + 1] + 1, row[j] + 1, last[j] + (a[i] == b[j] ? 0 : 1))
                if i > 0, j > 0, a[i] == b[j - 1], a[i - 1] == b[j] { cost = min(cost, beforeLast[j - 1] + 1) }
                row.append(cost)
            }
            (beforeLast, last) = (last, row)
        }
        return last[b.count]
    }
}
