import CKernels

/// What the loss at one position compares the student with.
struct LossTarget {
    let token: Int32
    let teacher: (logits: TeacherLogits, position: Int)?
}

extension TransferLoss {
    /// Logits [V] → their gradient times `scale`, in place; returns the loss. `q` and `gradient` are scratch [V].
    func replaceByGradient(
        _ logits: UnsafeMutablePointer<Float>, vocabularySize: Int, target: LossTarget, scale: Float,
        q: UnsafeMutablePointer<Float>, gradient: UnsafeMutablePointer<Float>
    ) -> Double {
        var loss = 0.0
        gradient.update(repeating: 0, count: vocabularySize)
        for term in terms {
            let factor = Float(term.weight) * scale
            switch term.term {
            case .crossEntropy:
                let statistics = decant_softmax(logits, q, 1, vocabularySize)
                let logit = Double(logits[Int(target.token)] - statistics.largest)
                loss += term.weight * (PortableMath.log(Double(statistics.sum)) - logit)
                decant_add_scaled(gradient, q, factor, vocabularySize)
                gradient[Int(target.token)] -= factor
            case .forwardKL:
                guard let teacher = target.teacher else { continue }
                decant_softmax(logits, q, Float(temperature), vocabularySize)
                let top = TeacherRow(teacher.logits, position: teacher.position, temperature: temperature)
                let divergence = top.divergence(toGradientIn: q, vocabularySize)
                loss += term.weight * temperature * temperature * divergence
                decant_add_scaled(gradient, q, factor * Float(temperature), vocabularySize)
            }
        }
        logits.update(from: gradient, count: vocabularySize)
        return loss
    }
}

/// The teacher's distribution at one position: the stored tokens, and everything else lumped into one bucket.
///
/// At temperature 1 the stored log-sum-exp makes the stored tokens' probabilities exact, and the bucket holds the rest. At
/// another temperature the rest is not known: there the k tokens are renormalized and the bucket is empty.
struct TeacherRow {
    private let tokens: ArraySlice<Int32>
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

    /// Student probabilities q [V] → the gradient of KL(p‖q) by the student's (divided) logits, in place; returns the KL.
    ///
    /// The gradient is q − p at the stored tokens and q·(1 − p_rest/q_rest) elsewhere.
    func divergence(toGradientIn q: UnsafeMutablePointer<Float>, _ vocabularySize: Int) -> Double {
        let student = tokens.map { q[Int($0)] }
        var divergence = 0.0
        for (p, q) in zip(probabilities, student) where p > 0 {
            divergence += p * PortableMath.log(p / max(Double(q), 1e-38))
        }
        if let rest, tokens.count < vocabularySize {
            for token in tokens { q[Int(token)] = 0 }
            let studentRest = max(Double(decant_sum(q, vocabularySize)), 1e-38)
            if rest > 0 { divergence += rest * PortableMath.log(rest / studentRest) }
            decant_scale(q, Float(1 - rest / studentRest), vocabularySize)
        }
        for (index, token) in tokens.enumerated() { q[Int(token)] = Float(Double(student[index]) - probabilities[index]) }
        return divergence
    }
}
