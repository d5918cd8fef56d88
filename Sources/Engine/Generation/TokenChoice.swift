import CKernels

/// How the next token is chosen from its logits.
struct TokenChoice {
    let vocabularySize: Int
    /// 0 takes the most probable token.
    let temperature: Double
    let seed: UInt64

    /// Logits [V] → a token. Random numbers are keyed by sequence and position, so that no choice depends on another
    /// sequence. The logits are used up.
    func choose(_ logits: UnsafeMutablePointer<Float>, sequence: Int, position: Int) -> Int32 {
        temperature > 0 ? sample(logits, sequence: sequence, position: position) : mostProbable(logits)
    }

    /// Of equal logits the lower token.
    private func mostProbable(_ logits: UnsafeMutablePointer<Float>) -> Int32 {
        var best = 0
        for token in 1..<vocabularySize where logits[token] > logits[best] { best = token }
        return Int32(best)
    }

    private func sample(_ logits: UnsafeMutablePointer<Float>, sequence: Int, position: Int) -> Int32 {
        decant_softmax(logits, logits, Float(temperature), vocabularySize)
        let random = Philox(seed: seed, purpose: .sampling, step: UInt64(sequence))
        var left = random.uniform(UInt32(truncatingIfNeeded: position))
        for token in 0..<vocabularySize {
            left -= Double(logits[token])
            if left < 0 { return Int32(token) }
        }
        return mostProbable(logits)
    }
}
