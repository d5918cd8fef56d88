/// The bytes of a tokenizer's tokens, sorted, to find the tokens that continue a text.
package final class Vocabulary: Sendable {
    /// Bytes by token; empty for special tokens, which stand for no text, but for those that are asked for.
    let bytes: [[UInt8]]
    /// Tokens that stand for text, in the order of their bytes; tokens of equal bytes by number.
    let sorted: [Int32]
    /// Length of the prefix that each of `sorted` shares with the previous one.
    let common: [Int]
    private let spelled: Set<[UInt8]>
    private let tokenizer: Tokenizer
    private let longest: Int

    /// - Parameter marks: special tokens that stand for their spelling.
    package init(_ tokenizer: Tokenizer, spelling marks: Set<String> = []) {
        var bytes = (0..<tokenizer.vocabularySize).map {
            tokenizer.isSpecial($0) ? [] : tokenizer.bytes(of: CollectionOfOne($0))
        }
        for mark in marks {
            if let id = tokenizer.id(of: mark) { bytes[id] = Array(mark.utf8) }
        }
        let sorted = bytes.indices.filter { !bytes[$0].isEmpty }.sorted {
            bytes[$0] == bytes[$1] ? $0 < $1 : bytes[$0].lexicographicallyPrecedes(bytes[$1])
        }
        self.bytes = bytes
        self.tokenizer = tokenizer
        self.sorted = sorted.map(Int32.init)
        spelled = Set(bytes)
        longest = bytes.map(\.count).max() ?? 0
        common = sorted.indices.map { place in
            place == 0 ? 0 : zip(bytes[sorted[place - 1]], bytes[sorted[place]]).prefix { $0 == $1 }.count
        }
    }

    /// The smallest number of tokens that spell the rest of a text from each of its bytes on; 0 at its end.
    ///
    /// The vocabulary has a token for every byte.
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

    /// The tokens that an answer usually spells a text with, as far as they spell it byte for byte.
    func usualTokens(spelling text: [UInt8]) -> [Int32] {
        var rest = text[...]
        let tokens = tokenizer.encodeAnswer(String(decoding: text, as: UTF8.self)).map(Int32.init)
        return Array(
            tokens.prefix { token in
                let piece = self.bytes(of: token)
                guard !piece.isEmpty, rest.starts(with: piece) else { return false }
                rest = rest.dropFirst(piece.count)
                return true
            })
    }

    func bytes(of token: Int32) -> [UInt8] { bytes.indices.contains(Int(token)) ? bytes[Int(token)] : [] }
}

/// Texts that end an answer wherever they appear in its bytes, also across tokens.
package struct StopSequences: Sendable {
    let vocabulary: Vocabulary
    private let texts: [[UInt8]]
    private let longest: Int

    /// Ignores empty texts.
    package init(_ texts: [String], in vocabulary: Vocabulary) {
        self.vocabulary = vocabulary
        self.texts = texts.map { Array($0.utf8) }.filter { !$0.isEmpty }
        longest = self.texts.map(\.count).max() ?? 0
    }

    /// Bytes at the end of an answer that begin a stop text whose rest may follow.
    func begunBytes(of answer: [UInt8]) -> Int {
        stride(from: min(longest - 1, answer.count), to: 0, by: -1).first { count in
            texts.contains { $0.count > count && $0.starts(with: answer.suffix(count)) }
        } ?? 0
    }

    /// The start of the first stop text that ends in an answer's bytes from `new` on.
    func firstMatch(in bytes: [UInt8], new: Int) -> Int? {
        let first = max(0, new - longest + 1)
        guard first < bytes.count else { return nil }
        return (first..<bytes.count).first { start in texts.contains { bytes[start...].starts(with: $0) } }
    }
}
