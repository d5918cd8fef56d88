import CKernels

/// The clipped policy loss with a separate divergence term, at every token of the answers:
///
///     −min(r·A, clip(r, 1 − clip, 1 + clip)·A) + kl·½(ln π − ln π_ref)²,   r = π/π_old
///
/// (Schulman et al., arXiv 1707.06347; the second term is the estimator k2 of the divergence.) π, π_old and π_ref are softmaxes of
/// logits over the temperature, which answers are drawn from.
package struct PolicyLoss: TokenLoss, Hashable {
    /// The largest distance of the ratio from 1 that the loss rewards.
    package var clip: Double
    /// Weight of the divergence from the reference policy.
    package var kl: Double
    package var temperature: Double

    package init(clip: Double, kl: Double, temperature: Double = 1) {
        (self.clip, self.kl, self.temperature) = (clip, kl, temperature)
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

    /// The loss and its derivative with respect to ln π.
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
        (self.logits, self.temperature) = (logits, temperature)
        largest = decant_largest(logits, vocabularySize)
        sum = Double(decant_sum_of_exponentials(logits, largest, Float(1 / temperature), vocabularySize))
    }

    func logProbability(of token: Int32) -> Double {
        Double(logits[Int(token)] - largest) / temperature - PortableMath.log(sum)
    }
}

/// Options of reinforcement learning.
package struct PolicyOptions: Sendable {
    /// Answers to each prompt, at least 2.
    package var rollouts: Int
    /// Largest number of tokens of an answer, with the end token.
    package var tokens: Int
    /// Temperature of the softmax that answers are drawn from; above 0.
    package var temperature: Double
    /// The largest distance of the probability ratio from 1. It acts from the second update of a step on: at the first the
    /// ratio is 1.
    package var clip: Double
    /// Weight of the divergence from the first policy.
    package var kl: Double
    /// Updates of a step on the same answers.
    package var updates: Int

    package init(
        rollouts: Int, tokens: Int, temperature: Double = 1, clip: Double = 0.2, kl: Double = 0.01, updates: Int = 1
    ) {
        (self.rollouts, self.tokens, self.temperature) = (rollouts, tokens, temperature)
        (self.clip, self.kl, self.updates) = (clip, kl, updates)
    }

    var loss: PolicyLoss { PolicyLoss(clip: clip, kl: kl, temperature: temperature) }

    func check() throws(TrainingError) {
        try loss.check()
        if rollouts < 2 || tokens < 1 || updates < 1 {
            throw TrainingError(
                "Reinforcement learning needs two answers to a prompt, a token to an answer and an update a step.")
        }
    }
}

/// The data of an answer that the policy loss needs.
package struct RolloutSignal: Hashable, Sendable {
    /// The advantage of every token.
    package var advantage: Double
    /// ln π of every response token under the policy that drew it.
    package var logProbabilities: [Float]
    /// ln π of every response token under the reference policy; empty without a divergence term.
    package var referenceLogProbabilities: [Float] = []
}

/// The advantages of a batch's answers by REINFORCE++-baseline (Hu et al., arXiv 2501.03262).
///
/// A = R − the mean over the answers to the same prompt, not divided by their deviation. Then the A of the whole batch are
/// normalized to mean 0 and population deviation 1, with ε = 1e-8 added to the deviation. A prompt whose answers have equal
/// rewards is omitted, also from the normalization, which would otherwise depend on the number of such prompts.
package struct Advantages: Hashable, Sendable {
    /// The advantage of every answer, in the order of the rewards; `nil` for answers to omitted prompts.
    package let values: [Double?]
    /// Number of omitted prompts.
    package let skippedGroups: Int

    private static let epsilon = 1e-8

    /// - Parameters:
    ///   - rewards: rewards of the answers to the first prompt, then to the second, and so on.
    ///   - groupSize: answers to each prompt; divides the number of rewards.
    package init(of rewards: [Double], groupSize: Int) {
        var centred = [Double?](repeating: nil, count: rewards.count)
        var skipped = 0
        for start in stride(from: 0, to: rewards.count, by: max(1, groupSize)) {
            let group = start..<min(start + max(1, groupSize), rewards.count)
            if group.allSatisfy({ rewards[$0] == rewards[start] }) {
                skipped += 1
                continue
            }
            let mean = group.reduce(0) { $0 + rewards[$1] } / Double(group.count)
            for answer in group { centred[answer] = rewards[answer] - mean }
        }
        let known = centred.compactMap(\.self)
        let count = Double(max(1, known.count))
        let mean = known.reduce(0, +) / count
        let deviation = (known.reduce(0) { $0 + ($1 - mean) * ($1 - mean) } / count).squareRoot()
        values = centred.map { value in value.map { ($0 - mean) / (deviation + Self.epsilon) } }
        skippedGroups = skipped
    }
}
