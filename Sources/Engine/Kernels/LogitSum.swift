import CKernels

/// What turns logits into log-probabilities. Evaluation and answers take it alike, so that both tell the same bits.
enum LogitSum {
    /// ln Σ exp(logit). Parts of the sum are added as doubles: a sum of a whole vocabulary in floats loses digits.
    ///
    /// - Parameters:
    ///   - logits: [count].
    ///   - largest: the largest of them.
    static func logarithm(_ logits: UnsafePointer<Float>, largest: Float, count: Int) -> Double {
        let part = 512
        let sum = stride(from: 0, to: count, by: part).reduce(0.0) { sum, start in
            sum + Double(decant_sum_of_exponentials(logits + start, largest, 1, min(part, count - start)))
        }
        return Double(largest) + PortableMath.log(sum)
    }
}
