/// The bytes of a tokenizer's tokens, in the order of their bytes: what is needed to tell how tokens continue a text.
package final class Vocabulary: Sendable {
    /// By token; empty for special tokens, which stand for no text.
    let bytes: [[UInt8]]
    /// Tokens that stand for text, in the order of their bytes, equal ones by number.
    let sorted: [Int32]
    /// Bytes that each of `sorted` has in common with the one before it.
    let common: [Int]
    private let spelled: Set<[UInt8]>
    private let longest: Int

    package init(_ tokenizer: Tokenizer) {
        let bytes = (0..<tokenizer.vocabularySize).map {
            tokenizer.isSpecial($0) ? [] : tokenizer.bytes(of: CollectionOfOne($0))
        }
        let sorted = bytes.indices.filter { !bytes[$0].isEmpty }.sorted {
            bytes[$0] == bytes[$1] ? $0 < $1 : bytes[$0].lexicographicallyPrecedes(bytes[$1])
        }
        self.bytes = bytes
        self.sorted = sorted.map(Int32.init)
        spelled = Set(bytes)
        longest = bytes.map(\.count).max() ?? 0
        common = sorted.indices.map { place in
            place == 0 ? 0 : zip(bytes[sorted[place - 1]], bytes[sorted[place]]).prefix { $0 == $1 }.count
        }
    }

    /// The fewest tokens that spell a text from each of its bytes on, and 0 for its end. The vocabulary has every byte.
    func fewestTokens(spelling text: [UInt8]) -> [Int] {
        var counts = [Int](repeating: 0, count: text.count + 1)
        for start in text.indices.reversed() {
            counts[start] = counts[start + 1] + 1
            for end in (start + 1)..<min(start + longest, text.count) + 1
            where counts[end] + 1 < counts[start] && spelled.contains(Array(text[start..<end])) {
                counts[start] = counts[end] + 1
            }
        }
        return counts
    }

    func bytes(of token: Int32) -> [UInt8] { bytes.indices.contains(Int(token)) ? bytes[Int(token)] : [] }
}

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
