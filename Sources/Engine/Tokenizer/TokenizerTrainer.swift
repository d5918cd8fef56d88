/// Why a vocabulary cannot be trained as asked.
package enum TokenizerTrainingError: Error, Hashable, Sendable, CustomStringConvertible {
    case vocabularyTooSmall(requested: Int, minimum: Int)

    package var description: String {
        switch self {
        case .vocabularyTooSmall(let requested, let minimum):
            "A vocabulary of \(requested) cannot hold the special tokens and the 256 bytes; ask for at least \(minimum)."
        }
    }
}

/// Trains a byte-level BPE vocabulary: it merges the most frequent pair of adjacent tokens, again and again.
///
/// Merges, ties and ids equal those of the `tokenizers` library's `BpeTrainer` with the byte-level initial alphabet: of
/// equally frequent pairs, the pair with the lowest ids comes first.
package struct TokenizerTrainer: Sendable {
    package var vocabularySize: Int
    /// Tokens that get the first ids.
    package var specialTokens: [String]

    package init(vocabularySize: Int, specialTokens: [String] = SpecialToken.allCases.map(\.rawValue)) {
        (self.vocabularySize, self.specialTokens) = (vocabularySize, specialTokens)
    }

    /// Trains on texts without special tokens. The vocabulary is smaller than requested where the texts have too few pairs.
    package func train(on texts: some Sequence<String>) throws(TokenizerTrainingError) -> Tokenizer {
        var vocabulary = TrainingVocabulary()
        for token in specialTokens { _ = vocabulary.id(adding: token) }
        let added = vocabulary.spellings.enumerated().map { AddedToken(id: $0.offset, content: $0.element, isSpecial: true) }
        var byteTokens = Array(repeating: 0, count: 256)
        for byte in ByteAlphabet.bytesInSymbolOrder {
            byteTokens[Int(byte)] = vocabulary.id(adding: ByteAlphabet.spelling(of: [byte]))
        }
        guard vocabularySize >= vocabulary.spellings.count else {
            throw .vocabularyTooSmall(requested: vocabularySize, minimum: vocabulary.spellings.count)
        }

        var corpus = TrainingCorpus(texts, byteTokens: byteTokens)
        var ranks: [TokenPair: (rank: Int, token: Int)] = [:]
        var steps = 0
        while vocabulary.spellings.count < vocabularySize, let best = corpus.popMostFrequent() {
            let token = vocabulary.id(
                adding: vocabulary.spellings[best.pair.left] + vocabulary.spellings[best.pair.right])
            // A pair can occur twice; its rank is then the later one, as in the library.
            ranks[best.pair] = (steps, token)
            steps += 1
            corpus.merge(best, into: token)
        }
        let merges = ranks.sorted { $0.value.rank < $1.value.rank }.map { TokenMerge(pair: $0.key, token: $0.value.token) }
        return Tokenizer(
            spellings: vocabulary.spellings, model: .bytePairs(start: .bytes(ByteTokens(byteTokens)), merges: merges),
            addedTokens: added)
    }
}

/// Spellings in the order of their ids.
private struct TrainingVocabulary {
    private(set) var spellings: [String] = []
    private var ids: [String: Int] = [:]

    /// The id of a spelling, which is added where it is new.
    mutating func id(adding spelling: String) -> Int {
        if let id = ids[spelling] { return id }
        ids[spelling] = spellings.count
        spellings.append(spelling)
        return spellings.count - 1
    }
}

/// The distinct words of a corpus as tokens, and how often each pair of adjacent tokens occurs.
struct TrainingCorpus {
    /// A pair that may be merged next, with the words that contain it.
    struct Candidate: Comparable {
        var pair: TokenPair
        var count: Int
        var words: [Int]

        /// The more frequent pair is first; of equally frequent pairs, the one with lower ids.
        static func < (a: Candidate, b: Candidate) -> Bool { (b.count, a.pair) < (a.count, b.pair) }
    }

    private var words: [[Int]] = []
    private var wordCounts: [Int] = []
    private var pairCounts: [TokenPair: Int] = [:]
    private var queue = BinaryHeap<Candidate>()

    init(_ texts: some Sequence<String>, byteTokens: [Int]) {
        var counts: [[UInt8]: Int] = [:]
        for text in texts {
            var text = text
            text.withUTF8 { bytes in
                PreTokenizer.words.forEachPiece(of: bytes, at: .start) { counts[Array($0), default: 0] += 1 }
            }
        }
        for (word, count) in counts.sorted(by: { $0.key.lexicographicallyPrecedes($1.key) }) where word.count > 1 {
            words.append(word.map { byteTokens[Int($0)] })
            wordCounts.append(count)
        }
        countPairs()
    }

    private mutating func countPairs() {
        var occurrences: [TokenPair: [Int]] = [:]
        for (index, word) in words.enumerated() {
            for (left, right) in zip(word, word.dropFirst()) {
                let pair = TokenPair(left: left, right: right)
                pairCounts[pair, default: 0] += wordCounts[index]
                Self.note(index, in: &occurrences[pair, default: []])
            }
        }
        enqueue(occurrences)
    }

    /// The most frequent pair by current counts; nil where no pair is left.
    mutating func popMostFrequent() -> Candidate? {
        while var candidate = queue.popFirst() {
            let count = pairCounts[candidate.pair, default: 0]
            if candidate.count == count { return count > 0 ? candidate : nil }
            candidate.count = count
            queue.insert(candidate)
        }
        return nil
    }

    /// Replaces the pair by `token` in its words and updates the counts of the pairs around it.
    mutating func merge(_ candidate: Candidate, into token: Int) {
        var occurrences: [TokenPair: [Int]] = [:]
        for index in candidate.words {
            for (pair, change) in Self.merge(candidate.pair, into: token, in: &words[index]) {
                pairCounts[pair, default: 0] += change * wordCounts[index]
                if change > 0 { Self.note(index, in: &occurrences[pair, default: []]) }
            }
        }
        enqueue(occurrences)
    }

    private mutating func enqueue(_ occurrences: [TokenPair: [Int]]) {
        // Sorted, because equal entries of the queue must not have the order of a dictionary.
        for (pair, words) in occurrences.sorted(by: { $0.key < $1.key }) {
            if let count = pairCounts[pair], count > 0 { queue.insert(Candidate(pair: pair, count: count, words: words)) }
        }
    }

    /// The merged pair's own count stays, as in the library: it is not needed again.
    private static func merge(_ pair: TokenPair, into token: Int, in word: inout [Int]) -> [(TokenPair, Int)] {
        var changes: [(TokenPair, Int)] = []
        var merged: [Int] = []
        var position = 0
        while position < word.count {
            guard position + 1 < word.count, word[position] == pair.left, word[position + 1] == pair.right else {
                merged.append(word[position])
                position += 1
                continue
            }
            if let before = merged.last {
                changes.append((TokenPair(left: before, right: pair.left), -1))
                changes.append((TokenPair(left: before, right: token), 1))
            }
            if position + 2 < word.count {
                let after = word[position + 2]
                changes.append((TokenPair(left: pair.right, right: after), -1))
                changes.append((TokenPair(left: token, right: after), 1))
            }
            merged.append(token)
            position += 2
        }
        word = merged
        return changes
    }

    private static func note(_ word: Int, in words: inout [Int]) {
        if words.last != word { words.append(word) }
    }
}
