import Words

/// How a model walks down its loss.
package struct TrainingOptions: Hashable, Sendable {
    package typealias Optimizer = OptimizerKind

    /// Whether the backward pass computes a layer's activations again, instead of keeping them: a third more work for a
    /// fraction of the memory, and the same bits.
    package enum Recomputation: Hashable, Sendable {
        case never
        case always
        /// Where activations would take more than a gibibyte, and more than weights, moments and gradient together.
        case automatic
    }

    package var steps: Int
    /// Rows per step.
    package var batch: Int
    /// The peak; see `learningRate(atStep:)`.
    package var learningRate: Double
    package var optimizer: Optimizer
    /// Share of the steps.
    package var warmup: Double
    /// Steps of warm-up at least, though never more than half of all.
    package var warmupSteps = 0
    package var schedule = LearningRateSchedule.cosine
    /// Share of the steps in which the rate of the schedule `wsd` falls.
    package var decay = LearningRateSchedule.standardDecay
    package var weightDecay: Double
    package var seed: UInt64
    /// Largest global norm of the gradient; a longer one is shortened to it.
    package var clippingNorm = 1.0
    package var recomputation: Recomputation
    /// Of forward and backward pass, and of Muon's iterations. Weights, gradients and moments are float32.
    package var products: ProductPrecision
    /// What is trained in place of all weights; `nil` where all are.
    package var adaptation: LowRankAdaptation?
    /// Whether tokens with which rows of a step begin alike are computed once. The forward pass has the same bits, sums of
    /// gradients have another order.
    package var sharesPrefixes = false

    package init(
        steps: Int, batch: Int, learningRate: Double, optimizer: Optimizer = .muon, warmup: Double = 0.05,
        weightDecay: Double = 0, recomputation: Recomputation = .automatic, products: ProductPrecision = .float32,
        seed: UInt64
    ) {
        (self.steps, self.batch, self.learningRate) = (steps, batch, learningRate)
        (self.optimizer, self.warmup, self.weightDecay) = (optimizer, warmup, weightDecay)
        (self.recomputation, self.products, self.seed) = (recomputation, products, seed)
    }

    func check() throws(TrainingError) {
        if steps < 0 || batch < 1 {
            throw TrainingError("Training needs at least one row a step, not \(batch), and no negative steps.")
        }
        if !(0...1).contains(warmup) || !(learningRate > 0) || !learningRate.isFinite {
            throw TrainingError("Training needs a warm-up share from 0 to 1 and a learning rate above 0.")
        }
        if !(clippingNorm > 0) || warmupSteps < 0 {
            throw TrainingError("Training needs a gradient norm above 0 and no negative steps of warm-up.")
        }
        if !(0...1).contains(decay) { throw TrainingError("Training needs a share of decay from 0 to 1.") }
    }

    /// What a gradient of this norm is multiplied by, so that its norm is at most `clippingNorm`.
    func clippingScale(ofNorm norm: Double) -> Double { min(1, clippingNorm / (norm + 1e-6)) }
}

/// One step of training, for the curve and for progress.
package struct TrainingStep: Hashable, Sendable {
    /// From 0.
    package let step: Int
    /// Mean over the batch's response tokens.
    package let loss: Double
    package let learningRate: Double
    /// Before clipping.
    package let gradientNorm: Double
    /// Prompts included.
    package let tokens: Int
    /// What else was measured, by name: a reward, an entropy.
    package var readings: [String: Double]

    package init(
        step: Int, loss: Double, learningRate: Double, gradientNorm: Double, tokens: Int, readings: [String: Double] = [:]
    ) {
        (self.step, self.loss, self.learningRate) = (step, loss, learningRate)
        (self.gradientNorm, self.tokens, self.readings) = (gradientNorm, tokens, readings)
    }
}

/// Training data or options that cannot be used.
package struct TrainingError: Error, Hashable, Sendable, CustomStringConvertible {
    package var description: String

    init(_ description: String) { self.description = description }
}
