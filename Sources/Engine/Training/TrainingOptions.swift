/// How a model walks down its loss.
public struct TrainingOptions: Hashable, Sendable {
    public enum Optimizer: Hashable, Sendable {
        case adamW
        /// Muon on the hidden matrices, AdamW on embeddings, norms, biases and head, both at the one learning rate: Muon's
        /// update is scaled to AdamW's usual size (root mean square 0.2).
        case muon
    }

    /// Whether the backward pass computes a layer's activations again, instead of keeping them: a third more work for a
    /// fraction of the memory, and the same bits.
    public enum Recomputation: Hashable, Sendable {
        case never
        case always
        /// Where activations would take more than a gibibyte, and more than weights, moments and gradient together.
        case automatic
    }

    public var steps: Int
    /// Rows per step.
    public var batch: Int
    /// The peak; see `learningRate(atStep:)`.
    public var learningRate: Double
    public var optimizer: Optimizer
    /// Share of the steps.
    public var warmup: Double
    public var weightDecay: Double
    public var seed: UInt64
    /// Largest global norm of the gradient; a longer one is shortened to it.
    public var clippingNorm = 1.0
    public var recomputation: Recomputation
    /// Of forward and backward pass, and of Muon's iterations. Weights, gradients and moments are float32.
    public var products: ProductPrecision
    /// What is trained in place of all weights; `nil` where all are.
    public var adaptation: LowRankAdaptation?

    public init(
        steps: Int, batch: Int, learningRate: Double, optimizer: Optimizer = .muon, warmup: Double = 0.05,
        weightDecay: Double = 0, recomputation: Recomputation = .automatic, products: ProductPrecision = .float32,
        seed: UInt64
    ) {
        self.steps = steps
        self.batch = batch
        self.learningRate = learningRate
        self.optimizer = optimizer
        self.warmup = warmup
        self.weightDecay = weightDecay
        self.recomputation = recomputation
        self.products = products
        self.seed = seed
    }

    func check() throws(TrainingError) {
        if steps < 0 || batch < 1 {
            throw TrainingError("Training needs at least one row a step, not \(batch), and no negative steps.")
        }
        if !(0...1).contains(warmup) || !(learningRate > 0) || !learningRate.isFinite {
            throw TrainingError("Training needs a warm-up share from 0 to 1 and a learning rate above 0.")
        }
    }

    /// Linear warm-up to the peak, then a cosine down to a tenth of it at the last step (steps count from 0).
    public func learningRate(atStep step: Int) -> Double {
        let warmupSteps = Int((warmup * Double(steps)).rounded())
        if step < warmupSteps { return learningRate * Double(step + 1) / Double(warmupSteps) }
        let progress = Double(step - warmupSteps) / Double(max(1, steps - 1 - warmupSteps))
        return learningRate * (0.1 + 0.45 * (1 + PortableMath.cos(.pi * min(1, progress))))
    }
}

/// One step of training, for the curve and for progress.
public struct TrainingStep: Hashable, Sendable {
    /// From 0.
    public let step: Int
    /// Mean over the batch's response tokens.
    public let loss: Double
    public let learningRate: Double
    /// Before clipping.
    public let gradientNorm: Double
    /// Prompts included.
    public let tokens: Int
    /// What else was measured, by name: a reward, an entropy.
    public var readings: [String: Double]

    public init(
        step: Int, loss: Double, learningRate: Double, gradientNorm: Double, tokens: Int, readings: [String: Double] = [:]
    ) {
        self.step = step
        self.loss = loss
        self.learningRate = learningRate
        self.gradientNorm = gradientNorm
        self.tokens = tokens
        self.readings = readings
    }
}

/// Training data or options that cannot be used.
public struct TrainingError: Error, Hashable, Sendable, CustomStringConvertible {
    public var description: String

    init(_ description: String) { self.description = description }
}
