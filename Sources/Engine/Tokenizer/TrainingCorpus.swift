/// The distinct words of a corpus as tokens, and how often each pair of neighbours occurs in it.
struct TrainingCorpus {
    /// A pair that may be merged next, with the words it was seen in.
    struct Candidate: Comparable {
        var pair: TokenPair
        var count: Int
        var words: [Int]

        /// The more frequent is first, of equals the one of lower ids.
        static func < (a: Candidate, b: Candidate) -> Bool { (b.count, a.pair) < (a.count, b.pair) }
    }

    private var words: [[Int]] = []
    private var wordCounts: [Int] = []
    private var pairCounts: [TokenPair: Int] = [:]
    private var queue = BinaryHeap<Candidate>()

    init(_ texts: some Sequence<String>, byteTokens: [Int]) {
        var counts: [[UInt8]: Int] = [:]
        for text in texts {
            let bytes = Array(text.utf8)
            for piece in PreTokenizer.words.pieces(of: text) { counts[Array(bytes[piece]), default: 0] += 1 }
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

    /// The most frequent pair, once its queued count is up to date; nil where no pair is left.
    mutating func popMostFrequent() -> Candidate? {
        while var candidate = queue.popFirst() {
            let count = pairCounts[candidate.pair, default: 0]
            if candidate.count == count { return count > 0 ? candidate : nil }
            candidate.count = count
            queue.insert(candidate)
        }
        return nil
    }

    /// Replaces the pair by `token` in its words and counts the pairs that come and go.
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
        // Sorted: equal entries of the queue must not come out in the order of a dictionary.
        for (pair, words) in occurrences.sorted(by: { $0.key < $1.key }) {
            if let count = pairCounts[pair], count > 0 { queue.insert(Candidate(pair: pair, count: count, words: words)) }
        }
    }

    /// The merged pair's own count stays as it was, as in the library: it is not asked for again.
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
