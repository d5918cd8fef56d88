import Synchronization

/// Two neighbouring tokens.
struct TokenPair: Hashable, Comparable, Sendable {
    var left: Int
    var right: Int

    static func < (a: TokenPair, b: TokenPair) -> Bool { (a.left, a.right) < (b.left, b.right) }
}

/// A merge: the pair and the token it becomes. A merge's place in the list is its rank.
struct TokenMerge: Hashable, Sendable {
    var pair: TokenPair
    var token: Int
}

/// Turns the bytes of one piece of text into tokens: merges the pair of lowest rank, leftmost first, until none applies.
struct BytePairEncoder: Sendable {
    private let byteTokens: [Int]
    private let merges: [TokenPair: (rank: Int, token: Int)]
    private let cache = WordCache()

    /// - Parameter byteTokens: the token of each of the 256 bytes.
    init(byteTokens: [Int], merges: [TokenMerge]) {
        self.byteTokens = byteTokens
        self.merges = Dictionary(
            merges.enumerated().map { ($0.element.pair, (rank: $0.offset, token: $0.element.token)) },
            uniquingKeysWith: { _, last in last })
    }

    func encode(_ piece: some Collection<UInt8>) -> [Int] {
        let word = Array(piece)
        guard word.count > 1 else { return word.map { byteTokens[Int($0)] } }
        if let known = cache[word] { return known }
        let tokens = merge(word)
        cache[word] = tokens
        return tokens
    }

    /// A merge that was possible when it was queued.
    private struct Candidate: Comparable {
        var rank: Int
        var position: Int
        var pair: TokenPair

        static func < (a: Candidate, b: Candidate) -> Bool { (a.rank, a.position) < (b.rank, b.position) }
    }

    /// A list of the positions still alive, linked both ways, and a queue of candidates: long pieces cost n log n.
    private func merge(_ word: [UInt8]) -> [Int] {
        var tokens = word.map { byteTokens[Int($0)] }
        var next = Array(1...tokens.count)
        var previous = Array(-1..<tokens.count - 1)
        var isAlive = Array(repeating: true, count: tokens.count)
        var queue = BinaryHeap<Candidate>((0..<tokens.count - 1).compactMap { candidate(at: $0, tokens[$0], tokens[$0 + 1]) })

        while let candidate = queue.popFirst() {
            let position = candidate.position
            let right = next[position]
            guard isAlive[position], right < tokens.count,
                candidate.pair == TokenPair(left: tokens[position], right: tokens[right]),
                let merge = merges[candidate.pair]
            else { continue }
            tokens[position] = merge.token
            isAlive[right] = false
            let after = next[right]
            next[position] = after
            if after < tokens.count {
                previous[after] = position
                if let new = self.candidate(at: position, merge.token, tokens[after]) { queue.insert(new) }
            }
            let before = previous[position]
            if before >= 0, let new = self.candidate(at: before, tokens[before], merge.token) { queue.insert(new) }
        }
        return tokens.indices.filter { isAlive[$0] }.map { tokens[$0] }
    }

    private func candidate(at position: Int, _ left: Int, _ right: Int) -> Candidate? {
        let pair = TokenPair(left: left, right: right)
        return merges[pair].map { Candidate(rank: $0.rank, position: position, pair: pair) }
    }
}

/// The tokens of words seen before. Text repeats its words, so most lookups end here.
private final class WordCache: Sendable {
    private static let limit = 50_000
    /// Longer pieces hardly ever come again.
    private static let maximumLength = 64
    private let words = Mutex<[[UInt8]: [Int]]>([:])

    subscript(word: [UInt8]) -> [Int]? {
        get { word.count > Self.maximumLength ? nil : words.withLock { $0[word] } }
        set {
            guard word.count <= Self.maximumLength else { return }
            words.withLock { words in
                if words.count < Self.limit { words[word] = newValue }
            }
        }
    }
}
