import CKernels

extension TransferLoss {
    /// Logits [V] → their gradient times `scale`, in place; returns the loss.
    ///
    /// With e = exp(x − largest) the gradient is a·e + b·e^(1/τ) at every token, but for the target and the teacher's stored
    /// tokens, which are set by themselves.
    public func replaceByGradient(
        _ logits: UnsafeMutablePointer<Float>, vocabularySize: Int, target: LossTarget, scale: Float
    ) -> Double {
        let largest = decant_largest(logits, vocabularySize)
        let teacher = target.example.teacher.map { TeacherRow($0, position: target.position, temperature: temperature) }
        let (crossEntropy, forwardKL) = (weight(of: .crossEntropy), teacher == nil ? 0 : weight(of: .forwardKL))
        let shift = Double(logits[Int(target.token)] - largest)
        var loss = 0.0
        var (a, b) = (0.0, 0.0)
        if crossEntropy != 0 {
            let sum = Double(decant_sum_of_exponentials(logits, largest, 1, vocabularySize))
            loss += crossEntropy * (PortableMath.log(sum) - shift)
            a = crossEntropy * Double(scale) / sum
        }
        var stored: [(token: Int, gradient: Double)] = []
        if let teacher, forwardKL != 0 {
            let shifts = teacher.tokens.map { Double(logits[Int($0)] - largest) }
            for token in teacher.tokens { logits[Int(token)] = -.infinity }
            let others = Double(decant_sum_of_exponentials(logits, largest, Float(1 / temperature), vocabularySize))
            let divergence = teacher.divergence(
                exponentials: shifts.map { PortableMath.exp($0 / temperature) },
                others: teacher.tokens.count < vocabularySize ? others : 0)
            let factor = forwardKL * temperature * Double(scale)
            loss += forwardKL * temperature * temperature * divergence.value
            b = factor * divergence.slopeOfOthers
            stored = teacher.tokens.indices.map { index in
                let place = index - teacher.tokens.startIndex
                return (
                    Int(teacher.tokens[index]), a * PortableMath.exp(shifts[place]) + factor * divergence.gradient[place]
                )
            }
        }
        decant_add_exponentials(logits, largest, Float(a), Float(b), Float(1 / temperature), vocabularySize)
        for (token, gradient) in stored { logits[token] = Float(gradient) }
        logits[Int(target.token)] -= Float(crossEntropy) * scale
        return loss
    }

    private func weight(of term: Term) -> Double { terms.reduce(0) { $0 + ($1.term == term ? $1.weight : 0) } }
}

/// The teacher's distribution at one position: the stored tokens, and everything else lumped into one bucket.
///
/// At temperature 1 the stored log-sum-exp makes the stored tokens' probabilities exact, and the bucket holds the rest. At
/// another temperature the rest is not known: there the k tokens are renormalized and the bucket is empty.
struct TeacherRow {
    let tokens: ArraySlice<Int32>
    private let probabilities: [Double]
    private let rest: Double?

    init(_ teacher: TeacherLogits, position: Int, temperature: Double) {
        let range = position * teacher.k..<(position + 1) * teacher.k
        let logits = teacher.topLogits[range]
        tokens = teacher.topTokens[range]
        if temperature == 1 {
            let logSumExp = Double(teacher.logSumExp[position])
            let known = logits.map { PortableMath.exp(Double($0) - logSumExp) }
            probabilities = known
            rest = max(0, 1 - known.reduce(0, +))
        } else {
            let largest = logits.max() ?? 0
            let exponentials = logits.map { PortableMath.exp(Double($0 - largest) / temperature) }
            let sum = exponentials.reduce(0, +)
            probabilities = exponentials.map { $0 / sum }
            rest = nil
        }
    }

    /// KL(p‖q) and its gradient by the student's (divided) logits. The student's q are the exponentials of the stored tokens
    /// and `others`, the sum of all other tokens', over the sum of all.
    ///
    /// The gradient is q − p at the stored tokens and q·(1 − p_rest/q_rest) elsewhere; `slopeOfOthers` is what it is for an
    /// exponential of 1.
    func divergence(
        exponentials: [Double], others: Double
    ) -> (value: Double, gradient: [Double], slopeOfOthers: Double) {
        let sum = exponentials.reduce(0, +) + others
        var value = 0.0
        var slope = 1 / sum
        for (p, exponential) in zip(probabilities, exponentials) where p > 0 {
            value += p * PortableMath.log(p / max(exponential / sum, 1e-38))
        }
        if let rest, others > 0 {
            let studentRest = max(others / sum, 1e-38)
            if rest > 0 { value += rest * PortableMath.log(rest / studentRest) }
            slope *= 1 - rest / studentRest
        }
        return (value, zip(exponentials, probabilities).map { $0 / sum - $1 }, slope)
    }
}
