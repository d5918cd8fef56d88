/// How a policy learns from its own answers.
package struct PolicyOptions: Sendable {
    /// Answers to each prompt, at least 2.
    package var rollouts: Int
    /// Tokens of an answer, the end token included, at most.
    package var tokens: Int
    /// Answers are drawn from the softmax of the logits over it; above 0.
    package var temperature: Double
    /// How far the probability ratio may leave 1. It acts from a step's second update on: at the first the ratio is 1.
    package var clip: Double
    /// Weight of the divergence from the first policy.
    package var kl: Double
    /// Times that a step walks down its loss on the same answers.
    package var updates: Int

    package init(
        rollouts: Int, tokens: Int, temperature: Double = 1, clip: Double = 0.2, kl: Double = 0.01, updates: Int = 1
    ) {
        self.rollouts = rollouts
        self.tokens = tokens
        self.temperature = temperature
        self.clip = clip
        self.kl = kl
        self.updates = updates
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
