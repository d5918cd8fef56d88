import CKernels

/// The clipped policy loss with a divergence term of its own, at every token of the answers:
///
///     −min(r·A, clip(r, 1 − clip, 1 + clip)·A) + kl·½(ln π − ln π_ref)²,   r = π/π_old
///
/// (Schulman et al., arXiv 1707.06347; the second term is the estimator k2 of the divergence.) π is what answers are drawn
/// from: the softmax of the logits over the temperature, in all three places.
package struct PolicyLoss: ResponseLoss, Hashable {
    /// How far the ratio may leave 1 to the policy's gain.
    package var clip: Double
    /// Weight of the divergence from the reference policy.
    package var kl: Double
    package var temperature: Double

    package init(clip: Double, kl: Double, temperature: Double = 1) {
        self.clip = clip
        self.kl = kl
        self.temperature = temperature
    }

    package func check() throws(TrainingError) {
        guard clip > 0, kl >= 0, temperature > 0, temperature.isFinite, kl.isFinite else {
            throw TrainingError("A policy loss needs a clip and a temperature above 0, and a divergence of weight 0 or more.")
        }
    }

    package func objection(to example: TrainingExample, vocabulary: Range<Int32>) -> String? {
        guard let rollout = example.rollout else { return "is no rollout, which the loss needs" }
        let counts = [rollout.logProbabilities.count] + (kl > 0 ? [rollout.referenceLogProbabilities.count] : [])
        return counts.first { $0 != example.responseLength }.map {
            "has log-probabilities of \($0) tokens; its response has \(example.responseLength)"
        }
    }

    package func replaceByGradient(
        _ logits: UnsafeMutablePointer<Float>, vocabularySize: Int, target: LossTarget, scale: Float
    ) -> Double {
        guard let rollout = target.example.rollout else { return 0 }
        let policy = TokenDistribution(logits, vocabularySize: vocabularySize, temperature: temperature)
        let logProbability = policy.logProbability(of: target.token)
        let (loss, slope) = value(of: logProbability, rollout, position: target.position)
        // ∂ ln π(a)/∂ logits = (1[a] − π)/τ
        let factor = slope * Double(scale) / temperature
        decant_add_exponentials(
            logits, policy.largest, 0, Float(-factor / policy.sum), Float(1 / temperature), vocabularySize)
        logits[Int(target.token)] += Float(factor)
        return loss
    }

    /// The loss, and its slope by ln π.
    private func value(
        of logProbability: Double, _ rollout: RolloutSignal, position: Int
    ) -> (loss: Double, slope: Double) {
        let ratio = PortableMath.exp(logProbability - Double(rollout.logProbabilities[position]))
        let free = ratio * rollout.advantage
        let clipped = min(max(ratio, 1 - clip), 1 + clip) * rollout.advantage
        var (loss, slope) = free <= clipped ? (-free, -free) : (-clipped, 0)
        if kl > 0 {
            let distance = logProbability - Double(rollout.referenceLogProbabilities[position])
            loss += kl * 0.5 * distance * distance
            slope += kl * distance
        }
        return (loss, slope)
    }
}

/// The softmax of logits [V] over a temperature.
struct TokenDistribution {
    let largest: Float
    /// Σ exp((x − largest)/τ)
    let sum: Double
    private let logits: UnsafePointer<Float>
    private let temperature: Double

    init(_ logits: UnsafePointer<Float>, vocabularySize: Int, temperature: Double) {
        self.logits = logits
        self.temperature = temperature
        largest = decant_largest(logits, vocabularySize)
        sum = Double(decant_sum_of_exponentials(logits, largest, Float(1 / temperature), vocabularySize))
    }

    func logProbability(of token: Int32) -> Double {
        Double(logits[Int(token)] - largest) / temperature - PortableMath.log(sum)
    }
}
