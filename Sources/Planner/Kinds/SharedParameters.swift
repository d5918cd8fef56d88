import Words

/// A model behind an OpenAI-compatible server. Where that server is stands in `Stage.endpoint`: a model that has moved answers
/// as before, so its address is no part of a key.
package struct EndpointParameters: Codable, Hashable, Sendable {
    package var model: String

    package init(model: String) { self.model = model }
}

/// What a judging model is asked, and where it is if not at hand.
package struct ModelQuestion: Codable, Hashable, Sendable {
    /// Empty for the standard question.
    package var prompt: String
    package var endpoint: EndpointParameters?

    package init(prompt: String, endpoint: EndpointParameters?) {
        self.prompt = prompt
        self.endpoint = endpoint
    }
}

/// The shape of a decoder-only transformer.
package struct ModelShape: Codable, Hashable, Sendable {
    package var hidden: Int
    package var layers: Int
    package var heads: Int
    /// Divides `heads`.
    package var kvHeads: Int
    package var intermediate: Int
    /// Whether the head shares the embedding's weights.
    package var tied: Bool

    package init(hidden: Int, layers: Int, heads: Int, kvHeads: Int, intermediate: Int, tied: Bool) {
        self.hidden = hidden
        self.layers = layers
        self.heads = heads
        self.kvHeads = kvHeads
        self.intermediate = intermediate
        self.tied = tied
    }
}

/// Low-rank adapters (Hu et al., arXiv 2106.09685).
package struct LowRankParameters: Codable, Hashable, Sendable {
    package var rank: Int
    package var alpha: Double
    package var targets: [AdapterTarget]

    package init(rank: Int, alpha: Double, targets: [AdapterTarget]) {
        self.rank = rank
        self.alpha = alpha
        self.targets = targets
    }
}

/// How a training stage walks down its loss.
package struct TrainingParameters: Codable, Hashable, Sendable {
    package var steps: Int
    /// Rows per step.
    package var batch: Int
    /// The peak, after warm-up; cosine decay to a tenth follows.
    package var learningRate: Double
    package var optimizer: OptimizerKind
    /// Share of the steps.
    package var warmup: Double
    package var weightDecay: Double
    package var seed: Int
    /// Trained in place of all weights; the output is an adapter folder then. `nil` where all weights are trained.
    package var lora: LowRankParameters?
    /// Absent where the last step's model is the result.
    package var validation: ValidationParameters?

    package init(
        steps: Int, batch: Int, learningRate: Double, optimizer: OptimizerKind, warmup: Double, weightDecay: Double, seed: Int,
        lora: LowRankParameters? = nil, validation: ValidationParameters? = nil
    ) {
        self.steps = steps
        self.batch = batch
        self.learningRate = learningRate
        self.optimizer = optimizer
        self.warmup = warmup
        self.weightDecay = weightDecay
        self.seed = seed
        self.lora = lora
        self.validation = validation
    }
}

/// How a training looks at the set `valid` of the input `data`; the model of the best look is its result.
package struct ValidationParameters: Codable, Hashable, Sendable {
    /// Steps from one look to the next.
    package var every: Int
    /// Looks without improvement after which training ends; absent where it never ends early.
    package var patience: Int?
    package var prompt: PromptStyle
    /// What the rows' own answers consist of; absent for calls alone.
    package var answer: AnswerStyle?

    package init(every: Int, patience: Int?, prompt: PromptStyle, answer: AnswerStyle? = nil) {
        self.every = every
        self.patience = patience
        self.prompt = prompt
        self.answer = answer
    }
}
