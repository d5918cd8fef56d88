import CKernels

/// A token that is likely at a place, with ln p under the model's own distribution.
package typealias TokenAlternative = (token: Int32, logProbability: Float)

/// A token with its log-probabilities, where these are recorded.
struct ChosenToken {
    var token: Int32
    /// ln p under the model's own distribution.
    var logProbability: Float = 0
    /// ln p under the distribution that the token was drawn from.
    var choiceLogProbability: Float = 0
    /// The most probable tokens, the first one first.
    var alternatives: [TokenAlternative] = []
}

/// How the next token is chosen from its logits.
struct TokenChoice {
    private let options: GenerationOptions
    private let vocabularySize: Int
    /// The number of alternatives, where log-probabilities are recorded.
    private let alternatives: Int

    init(_ options: GenerationOptions, vocabularySize: Int, alternatives: Int = 0) {
        (self.options, self.vocabularySize, self.alternatives) = (options, vocabularySize, alternatives)
    }

    /// Chooses a token that the mask allows from logits [V], which it overwrites.
    ///
    /// Random numbers depend on item and position, so that no choice depends on another sequence.
    func choose(_ logits: UnsafeMutablePointer<Float>, item: Int, position: Int, mask: TokenMask?) -> ChosenToken {
        guard options.recordsLogProbabilities else { return draw(logits, item: item, position: position, mask: mask).chosen }
        let largest = decant_largest(logits, vocabularySize)
        let logSum = LogitSum.logarithm(logits, largest: largest, count: vocabularySize)
        // The draw overwrites the logits; the token's own logit is in the copy.
        return withUnsafeTemporaryAllocation(of: Float.self, capacity: vocabularySize) { copy in
            _ = copy.update(fromContentsOf: UnsafeMutableBufferPointer(start: logits, count: vocabularySize))
            var (chosen, probability) = draw(logits, item: item, position: position, mask: mask)
            chosen.logProbability = Float(Double(copy[Int(chosen.token)]) - logSum)
            chosen.choiceLogProbability = Float(PortableMath.log(probability))
            if alternatives > 0 {
                chosen.alternatives = largestPlaces(alternatives, among: 0..<vocabularySize) { copy[$0] }.map {
                    (token: Int32($0), logProbability: Float(Double(copy[$0]) - logSum))
                }
            }
            return chosen
        }
    }

    /// Draws a token; returns it and its probability.
    private func draw(
        _ logits: UnsafeMutablePointer<Float>, item: Int, position: Int, mask: TokenMask?
    ) -> (chosen: ChosenToken, probability: Double) {
        // So low a temperature that no float divides by it leaves the most probable token alone.
        guard options.temperature > 0, (1 / Float(options.temperature)).isFinite else {
            return (ChosenToken(token: mostProbable(logits, mask)), 1)
        }
        var candidates = TokenCandidates(logits, vocabularySize: vocabularySize, mask: mask)
        if let topK = options.topK { candidates.keepLargest(topK) }
        candidates.becomeProbabilities(temperature: Float(options.temperature))
        if options.topP < 1 { candidates.keepNucleus(options.topP) }
        let random = Philox(seed: options.seed, purpose: .sampling, step: UInt64(item))
        let (token, probability) = candidates.draw(random.uniform(UInt32(truncatingIfNeeded: position)))
        return (ChosenToken(token: token), probability)
    }

    /// The token with the largest logit; of equal logits, the lower token.
    private func mostProbable(_ logits: UnsafeMutablePointer<Float>, _ mask: TokenMask?) -> Int32 {
        let best = Int32(decant_largest_place(logits, vocabularySize))
        guard let mask, !mask.allows(best) else { return best }
        return mask.tokens(below: vocabularySize).max {
            logits[Int($0)] < logits[Int($1)] || logits[Int($0)] == logits[Int($1)] && $0 > $1
        }
            ?? best
    }
}

/// The tokens that may still be drawn, in rising order. Their logits or probabilities are in the memory of the logits.
struct TokenCandidates {
    private let values: UnsafeMutablePointer<Float>
    /// The token of each value; `nil` where all tokens are candidates.
    private var tokens: [Int32]?
    private var count: Int
    /// Sum of the values once they are probabilities, without the removed tokens.
    private var total = 1.0

    /// Moves the logits of the allowed tokens to the front.
    init(_ logits: UnsafeMutablePointer<Float>, vocabularySize: Int, mask: TokenMask?) {
        values = logits
        count = vocabularySize
        if let allowed = mask?.tokens(below: vocabularySize), !allowed.isEmpty {
            for (place, token) in allowed.enumerated() { values[place] = values[Int(token)] }
            tokens = allowed
            count = allowed.count
        }
    }

    /// Keeps the k largest logits, and those that equal the smallest of them.
    mutating func keepLargest(_ k: Int) {
        guard k < count else { return }
        var largest = BinaryHeap<Float>()
        for place in 0..<count {
            if largest.count < k {
                largest.insert(values[place])
            } else if let least = largest.first, values[place] > least {
                largest.replaceFirst(with: values[place])
            }
        }
        guard let least = largest.first else { return }
        keep { value, _ in value >= least }
    }

    /// Logits → softmax(logits/temperature).
    func becomeProbabilities(temperature: Float) { decant_softmax(values, values, temperature, count) }

    /// Removes the least probable tokens whose sum is at most 1 − p; of equal ones the lower token stays. One token always
    /// stays.
    mutating func keepNucleus(_ p: Double) {
        // Tokens at or below this share are always removed: their sum does not exceed 1 − p.
        let share = Float((1 - p) / Double(count))
        var removed = 0.0
        var places: [Int] = []
        for place in 0..<count {
            if values[place] > share { places.append(place) } else { removed += Double(values[place]) }
        }
        guard !places.isEmpty else { return }
        places.sort { values[$0] != values[$1] ? values[$0] > values[$1] : $0 < $1 }
        while places.count > 1, let last = places.last, removed + Double(values[last]) <= 1 - p {
            removed += Double(values[last])
            places.removeLast()
        }
        let last = places[places.count - 1]
        let least = values[last]
        keep { value, place in value > least || value == least && place <= last }
        total = (0..<count).reduce(0) { $0 + Double(values[$1]) }
    }

    /// The probability of each candidate.
    var probabilities: [(token: Int32, probability: Double)] {
        (0..<count).map { (token($0), Double(values[$0]) / total) }
    }

    /// The token at a quantile of the distribution, 0 ≤ random < 1, and its probability.
    func draw(_ random: Double) -> (token: Int32, probability: Double) {
        var left = random * total
        var last = 0
        for place in 0..<count where values[place] > 0 {
            left -= Double(values[place])
            last = place
            if left < 0 { break }
        }
        return (token(last), Double(values[last]) / total)
    }

    private func token(_ place: Int) -> Int32 { tokens?[place] ?? Int32(place) }

    private mutating func keep(_ isKept: (_ value: Float, _ place: Int) -> Bool) {
        let places = (0..<count).filter { isKept(values[$0], $0) }
        let kept = places.map(token)
        for (target, place) in places.enumerated() { values[target] = values[place] }
        (tokens, count) = (kept, kept.count)
    }
}
