/// A set of tokens.
final class TokenMask: Sendable {
    private let words: [UInt64]

    init(_ tokens: some Sequence<Int32>) {
        var words: [UInt64] = []
        for token in tokens where token >= 0 {
            let word = Int(token) / 64
            if word >= words.count { words += [UInt64](repeating: 0, count: word - words.count + 1) }
            words[word] |= 1 << UInt64(Int(token) % 64)
        }
        self.words = words
    }

    func allows(_ token: Int32) -> Bool {
        token >= 0 && Int(token) / 64 < words.count && words[Int(token) / 64] >> UInt64(Int(token) % 64) & 1 == 1
    }

    /// In rising order.
    func tokens(below limit: Int) -> [Int32] {
        var tokens: [Int32] = []
        for (index, word) in words.enumerated() {
            var rest = word
            while rest != 0 {
                let token = index * 64 + rest.trailingZeroBitCount
                if token >= limit { return tokens }
                tokens.append(Int32(token))
                rest &= rest - 1
            }
        }
        return tokens
    }
}
