import CKernels

/// A token with its log-probabilities, where these are recorded.
struct ChosenToken {
    var token: Int32
    /// Under the model's own distribution.
    var logProbability: Float = 0
    /// Under the distribution that it was drawn from.
    var choiceLogProbability: Float = 0
}

/// How the next token is chosen from its logits.
struct TokenChoice {
    private let options: GenerationOptions
    private let vocabularySize: Int

    init(_ options: GenerationOptions, vocabularySize: Int) {
        self.options = options
        self.vocabularySize = vocabularySize
    }

    /// Logits [V] → a token that the mask allows. Random numbers are keyed by item and position, so that no choice depends on
    /// another sequence. The logits are used up.
    func choose(_ logits: UnsafeMutablePointer<Float>, item: Int, position: Int, mask: TokenMask?) -> ChosenToken {
        guard options.recordsLogProbabilities else { return draw(logits, item: item, position: position, mask: mask).chosen }
        let largest = decant_largest(logits, vocabularySize)
        let logSum = Double(largest) + PortableMath.log(Double(decant_sum_of_exponentials(logits, largest, 1, vocabularySize)))
        // The draw uses the logits up; the token's own is in the copy.
        return withUnsafeTemporaryAllocation(of: Float.self, capacity: vocabularySize) { copy in
            _ = copy.update(fromContentsOf: UnsafeMutableBufferPointer(start: logits, count: vocabularySize))
            var (chosen, probability) = draw(logits, item: item, position: position, mask: mask)
            chosen.logProbability = Float(Double(copy[Int(chosen.token)]) - logSum)
            chosen.choiceLogProbability = Float(PortableMath.log(probability))
            return chosen
        }
    }

    /// The token, and the probability with which it was drawn.
    private func draw(
        _ logits: UnsafeMutablePointer<Float>, item: Int, position: Int, mask: TokenMask?
    ) -> (chosen: ChosenToken, probability: Double) {
        guard options.temperature > 0 else { return (ChosenToken(token: mostProbable(logits, mask)), 1) }
        var candidates = TokenCandidates(logits, vocabularySize: vocabularySize, mask: mask)
        if let topK = options.topK { candidates.keepLargest(topK) }
        candidates.becomeProbabilities(temperature: Float(options.temperature))
        if options.topP < 1 { candidates.keepNucleus(options.topP) }
        let random = Philox(seed: options.seed, purpose: .sampling, step: UInt64(item))
        let (token, probability) = candidates.draw(random.uniform(UInt32(truncatingIfNeeded: position)))
        return (ChosenToken(token: token), probability)
    }

    /// Of equal logits the lower token.
    private func mostProbable(_ logits: UnsafeMutablePointer<Float>, _ mask: TokenMask?) -> Int32 {
        let best = Int32(decant_largest_place(logits, vocabularySize))
        guard let mask, !mask.allows(best) else { return best }
        return mask.tokens(below: vocabularySize).max {
            logits[Int($0)] < logits[Int($1)] || logits[Int($0)] == logits[Int($1)] && $0 > $1
        }
            ?? best
    }
}
