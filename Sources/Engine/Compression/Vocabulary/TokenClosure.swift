/// What of a tokenizer must stay where a token stays, so that texts with this token are the same tokens as before.
///
/// In a BPE tokenizer, every merge on the way to a token makes a token that must be there. The way is that of the token's own
/// text: within a longer text no merge crosses the token's ends, and of the merges between them the same one is next. Fewer
/// merges than all change nothing then: the next merge of a text is the first of all that are possible, and it is still there.
///
/// In a Unigram tokenizer, the likeliest pieces of a text stay the likeliest where only others go.
struct TokenClosure {
    private let tokenizer: Tokenizer
    /// `nil` for a tokenizer without merges.
    private let encoder: BytePairEncoder?
    /// The tokens that merges make.
    private let merged: Set<Int>
    /// All that a vocabulary can do without, what its training met first or found likeliest coming first.
    let byFrequency: [Int]
    private var bench = PieceEncoder.Workbench()

    init(_ tokenizer: Tokenizer) {
        self.tokenizer = tokenizer
        switch tokenizer.model {
        case .bytePairs(let start, let merges):
            encoder = BytePairEncoder(start: start, merges: merges)
            byFrequency = merges.map(\.token)
        case .unigrams(let scores, _, _):
            encoder = nil
            byFrequency = scores.indices.sorted { (scores[$1], $0) < (scores[$0], $1) }
        }
        merged = encoder == nil ? [] : Set(byFrequency)
    }

    /// The token, and all that lie on the way to it.
    mutating func tokens(for token: Int) -> Set<Int> {
        guard let encoder, merged.contains(token), let spelling = tokenizer.spellings[token] else { return [token] }
        let isOfBytes = tokenizer.pipeline.isByteLevel
        let text = isOfBytes ? tokenizer.bytes(of: CollectionOfOne(token)) : Array(spelling.utf8)
        return text.withUnsafeBufferPointer { encoder.way(through: $0, with: &bench) }.union([token])
    }
}
