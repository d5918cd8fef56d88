/// What a prompt shows the model.
public enum PromptStyle: String, Codable, Hashable, Sendable, CaseIterable {
    /// The query alone: for a fixed pool of functions that the model learns by heart.
    case query
    /// The row's candidate functions, then the query.
    case tools
}

/// Who decides whether an answer is right.
public enum JudgeKind: String, Codable, Hashable, Sendable, CaseIterable {
    /// Function, required and optional arguments, types, any of the possible values; order-free for several calls.
    case ast
    /// Names and key-value pairs identical.
    case exact
}

public enum PruneMethod: String, Codable, Hashable, Sendable, CaseIterable {
    case depth
}

/// The shape of a decoder-only transformer.
public struct ModelShape: Codable, Hashable, Sendable {
    public var hidden: Int
    public var layers: Int
    public var heads: Int
    /// Divides `heads`.
    public var kvHeads: Int
    public var intermediate: Int
    /// Whether the head shares the embedding's weights.
    public var tied: Bool

    public init(hidden: Int, layers: Int, heads: Int, kvHeads: Int, intermediate: Int, tied: Bool) {
        self.hidden = hidden
        self.layers = layers
        self.heads = heads
        self.kvHeads = kvHeads
        self.intermediate = intermediate
        self.tied = tied
    }
}

/// How a training stage walks down its loss.
public struct TrainingParameters: Codable, Hashable, Sendable {
    public enum Optimizer: String, Codable, Hashable, Sendable, CaseIterable {
        case adamw
        /// Muon on the hidden matrices, AdamW on the rest.
        case muon
    }

    public var steps: Int
    /// Rows per step.
    public var batch: Int
    /// The peak, after warm-up; cosine decay to a tenth follows.
    public var learningRate: Double
    public var optimizer: Optimizer
    /// Share of the steps.
    public var warmup: Double
    public var weightDecay: Double
    public var seed: Int

    public init(
        steps: Int, batch: Int, learningRate: Double, optimizer: Optimizer, warmup: Double, weightDecay: Double, seed: Int
    ) {
        self.steps = steps
        self.batch = batch
        self.learningRate = learningRate
        self.optimizer = optimizer
        self.warmup = warmup
        self.weightDecay = weightDecay
        self.seed = seed
    }
}

/// One summand of a distillation loss.
public struct LossTerm: Codable, Hashable, Sendable {
    public enum Loss: String, Codable, Hashable, Sendable, CaseIterable {
        case forwardKL = "FKL"
        case crossEntropy = "CE"
    }

    public var loss: Loss
    public var weight: Double

    public init(loss: Loss, weight: Double) {
        self.loss = loss
        self.weight = weight
    }
}
