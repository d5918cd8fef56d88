/// A token that stands outside the merges: text that spells it becomes that one token.
struct AddedToken: Hashable, Sendable {
    var id: Int
    var content: String
    /// Whether decoded text leaves it out.
    var isSpecial: Bool
}

/// Finds added tokens in text: leftmost first, and the longest of those that start at one place.
struct AddedTokenScanner: Sendable {
    /// By first byte, longest first.
    private var candidates: [[(content: [UInt8], id: Int)]]

    init(_ tokens: [AddedToken]) {
        candidates = Array(repeating: [], count: 256)
        for token in tokens.sorted(by: { $0.content.utf8.count > $1.content.utf8.count }) {
            let content = Array(token.content.utf8)
            if let first = content.first { candidates[Int(first)].append((content, token.id)) }
        }
    }

    func firstMatch(in text: ArraySlice<UInt8>) -> (range: Range<Int>, id: Int)? {
        for start in text.indices {
            for candidate in candidates[Int(text[start])] where text[start...].starts(with: candidate.content) {
                return (start..<start + candidate.content.count, candidate.id)
            }
        }
        return nil
    }
}
