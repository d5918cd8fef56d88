/// Leaves tokens out of prompts at random, other ones in every step, so that no answer hangs on a single word.
///
/// Tokens of the markup stay, as do responses. Which tokens go is a function of seed and step alone.
package struct TokenDropout: Sendable {
    /// Of the prompts' tokens, in [0, 1).
    package let share: Double
    private let tokenizer: Tokenizer

    package init(share: Double, tokenizer: Tokenizer) { (self.share, self.tokenizer) = (share, tokenizer) }

    /// The rows of a step with fewer tokens.
    func applied(to rows: [TrainingExample], seed: UInt64, step: Int) -> [TrainingExample] {
        let random = Philox(seed: seed, purpose: .tokenDropout, step: UInt64(step))
        var place: UInt32 = 0
        return rows.map { row in
            var kept: [Int32] = []
            for token in row.tokens.prefix(row.promptLength) {
                let stays = random.uniform(place) >= share
                place &+= 1
                if stays || tokenizer.isSpecial(Int(token)) { kept.append(token) }
            }
            // Something must come before the response.
            if kept.isEmpty { kept = Array(row.tokens.prefix(1)) }
            var row = row
            row.tokens = kept + row.tokens.dropFirst(row.promptLength)
            row.promptLength = kept.count
            return row
        }
    }
}
