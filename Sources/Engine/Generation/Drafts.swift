/// What a sequence may go on with, judged by itself: the n-gram look-up of prompt and answer (Saxena, 2023).
enum Repetition {
    /// Equal tokens before a place, at least and at most: fewer say too little, more say no more.
    private static let matches = 2...4

    /// The tokens that followed the last place where the last tokens stood before; of several places that with the most equal
    /// tokens before it, and of these the latest.
    static func continuation(of tokens: [Int32], upTo most: Int) -> ArraySlice<Int32> {
        guard most > 0, tokens.count > matches.lowerBound else { return [] }
        let start = tokens.withUnsafeBufferPointer { tokens -> Int in
            let last = tokens.count - 1
            var best = (length: matches.lowerBound - 1, next: tokens.count)
            for place in stride(from: last - 1, through: 0, by: -1) where tokens[place] == tokens[last] {
                var length = 1
                while length < matches.upperBound, length <= place, tokens[place - length] == tokens[last - length] {
                    length += 1
                }
                if length > best.length { best = (length, place + 1) }
                if length == matches.upperBound { break }
            }
            return best.next
        }
        return tokens[start..<min(start + most, tokens.count)]
    }
}

/// How often drafted tokens of a sequence turned out to be chosen. It decides how many are drafted, which changes speed alone.
struct DraftTrust {
    enum Source: Int {
        /// Text that a constraint leaves no choice about.
        case constraint
        /// What followed the same tokens before.
        case repetition
    }

    /// So many rows more double the time of a step with few rows: each step reads all weights, and threads meet.
    private static let rowsOfAStep = 8.0
    private static let firstShares = [0.9, 0.5]

    /// The share of tokens that were chosen of late, by source.
    private var shares = DraftTrust.firstShares
    private var last = Source.constraint

    /// The number of tokens worth drafting beside other rows: a token that is not chosen costs a row, one that is chosen saves
    /// the sequence's part of a step.
    mutating func length(from source: Source, upTo most: Int, beside others: Int) -> Int {
        last = source
        let share = shares[source.rawValue]
        let least = Double(others) / (Double(others) + Self.rowsOfAStep)
        var length = 0
        var chance = share
        while length < most, chance > least {
            length += 1
            chance *= share
        }
        // A source that lost its trust gets it back in time.
        if length == 0 { shares[source.rawValue] += (Self.firstShares[source.rawValue] - share) / 64 }
        return length
    }

    /// Tokens behind the first one that was not chosen say nothing.
    mutating func note(accepted: Int, of drafted: Int) {
        for place in 0..<min(accepted + 1, drafted) {
            shares[last.rawValue] += ((place < accepted ? 1 : 0) - shares[last.rawValue]) / 8
        }
    }
}
