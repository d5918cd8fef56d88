/// Texts that end an answer wherever they appear in its bytes, across the borders of tokens.
package struct StopSequences: Sendable {
    let vocabulary: Vocabulary
    private let texts: [[UInt8]]
    private let longest: Int

    /// Empty texts are left out.
    package init(_ texts: [String], in vocabulary: Vocabulary) {
        self.vocabulary = vocabulary
        self.texts = texts.map { Array($0.utf8) }.filter { !$0.isEmpty }
        longest = self.texts.map(\.count).max() ?? 0
    }

    /// Where in an answer's bytes the first stop text starts that ends in the bytes from `new` on.
    func firstMatch(in bytes: [UInt8], new: Int) -> Int? {
        let first = max(0, new - longest + 1)
        guard first < bytes.count else { return nil }
        return (first..<bytes.count).first { start in texts.contains { bytes[start...].starts(with: $0) } }
    }
}
