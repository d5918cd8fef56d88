/// An answer.
package struct GeneratedSequence: Hashable, Sendable {
    /// What ended it. The numbers are stored.
    package enum End: Int32, Hashable, Sendable {
        /// As many tokens or positions as there may be.
        case limit = 0
        case stopToken = 1
        case stopSequence = 2
        /// The constraint lets nothing follow.
        case completion = 3
    }

    /// Without prompt and stop token, and without the tokens that lie wholly behind a stop sequence's start.
    package internal(set) var tokens: [Int32]
    package internal(set) var end: End
    /// Bytes at the last token's end that belong to a stop sequence, not to the answer.
    package internal(set) var surplusBytes: Int
    /// ln p of each token under the model: the softmax of its logits as they are, at temperature 1, nothing cut off. Where a
    /// stop token ended the answer, its own comes last. Empty unless asked for.
    package internal(set) var logProbabilities: [Float]
    /// ln p of the same tokens under what they were drawn from: tempered, cut and constrained; 0 where the choice was greedy.
    package internal(set) var choiceLogProbabilities: [Float]

    package init(
        tokens: [Int32] = [], end: End = .limit, surplusBytes: Int = 0, logProbabilities: [Float] = [],
        choiceLogProbabilities: [Float] = []
    ) {
        self.tokens = tokens
        self.end = end
        self.surplusBytes = surplusBytes
        self.logProbabilities = logProbabilities
        self.choiceLogProbabilities = choiceLogProbabilities
    }

    /// Whether it ended by itself, before the limit.
    package var isFinished: Bool { end != .limit }

    /// The answer's text, without special tokens.
    package func text(with tokenizer: Tokenizer) -> String {
        guard surplusBytes > 0, let last = tokens.last else { return tokenizer.decode(tokens.lazy.map(Int.init)) }
        let kept = tokens.dropLast().filter { !tokenizer.isSpecial(Int($0)) }
        let bytes = tokenizer.bytes(of: kept.map(Int.init)) + tokenizer.bytes(of: [Int(last)]).dropLast(surplusBytes)
        return String(decoding: bytes, as: UTF8.self)
    }
}
