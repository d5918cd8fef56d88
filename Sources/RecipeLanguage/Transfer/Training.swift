import Diagnostics
import Words

/// How a training stage walks down its loss.
package struct Training: Sendable {
    package let steps: Spanned<Int>
    /// Rows per step.
    package let batch: Spanned<Int>
    /// The peak.
    package let learningRate: Spanned<Double>
    package let optimizer: Spanned<OptimizerKind>
    /// Share of the steps.
    package let warmup: Spanned<Double>
    package let weightDecay: Spanned<Double>
    /// `nil` where all weights are trained.
    package let lowRank: LowRank?
    /// Steps from one look at the set `valid` to the next; `nil` where there is none.
    package let validateEvery: Spanned<Int>?
    /// Looks without improvement after which training ends.
    package let patience: Spanned<Int>?

    enum Definition {
        static let steps = Field.integer(
            "steps", nil, in: 1...10_000_000,
            "Training steps; 600 for a teacher, 500 for a student (oKD 200), 150 to recover, 100 of RL and DPO.")
        static let batch = Field.integer("batch", 32, in: 1...4096, "Rows per step; prompts per step of RL.")
        static let learningRate = Field.number(
            "learning_rate", nil, in: 1e-8...1,
            spelled: "4e-3 for `muon`, 3e-3 for `adamw`, 1e-3 for adapters; 5e-5 for RL and DPO", "The peak.")
        static let optimizer = Field.choice("optimizer", OptimizerKind.muon, "Muon on the hidden matrices, or AdamW on all.")
        static let warmup = Field.share("warmup", 0.05, in: 0...1, "Share of the steps in which the learning rate rises.")
        static let weightDecay = Field.number("weight_decay", 0.01, in: 0...1, "Decoupled; none on norms and biases.")
        static let validateEvery = Field.integer(
            "validate_every", nil, in: 1...10_000_000,
            "Steps from one look at the set `valid` to the next; the model of the best look is kept. Left out: the last step's."
        )
        static let patience = Field.integer(
            "patience", nil, in: 1...10_000,
            "Looks without improvement after which training ends. Left out: it never ends early."
        )
        static let fields: [any DefinedField] =
            [steps, batch, learningRate, optimizer, warmup, weightDecay] + LowRank.Definition.fields
        /// Of trainings whose aim the rows' own answers can judge.
        static let validatedFields: [any DefinedField] = fields + [validateEvery, patience]
    }

    init(reading options: Fields, steps standard: Int, learningRate peak: Double? = nil) {
        steps = options.value(Definition.steps, default: standard)
        batch = options[Definition.batch]
        optimizer = options[Definition.optimizer]
        lowRank = LowRank(reading: options)
        learningRate = options.value(
            Definition.learningRate, default: peak ?? (lowRank == nil ? optimizer.value.learningRate : 1e-3))
        warmup = options[Definition.warmup]
        weightDecay = options[Definition.weightDecay]
        validateEvery = options.written(Definition.validateEvery)
        patience = options.written(Definition.patience)
        if let patience, validateEvery == nil {
            options.report(
                Diagnostic(
                    .conflict, "'patience' counts looks at the set 'valid', and there are none", at: patience.span,
                    help: "add 'validate_every: 50'"))
        }
    }
}

extension OptimizerKind {
    /// Muon reaches a given loss in a third of AdamW's steps at this scale.
    var learningRate: Double { self == .muon ? 4e-3 : 3e-3 }
}

/// Knowledge distillation from captured logits.
package struct Distillation: Sendable {
    /// In the order of `Loss`, each once at most: a mixture is the same in any order.
    package let loss: Spanned<[LossTerm]>
    package let temperature: Spanned<Double>
    /// Logits kept per position.
    package let topK: Spanned<Int>
    /// Share of the loss that runs over the whole sequence.
    package let promptShare: Spanned<Double>
    package let tail: Spanned<LogitsTail>
    package let training: Training

    enum Definition {
        static let temperature = Field.number("temperature", 1, in: 0.1...20, "τ: logits are divided by it in the divergences.")
        static let topK = Field.integer("top_k", 16, in: 1...1024, "The teacher's logits kept at each position.")
        static let promptShare = Field.share("prompt", 0, in: 0...1, "Share of the loss that runs over prompt and answer.")
        static let tail = Field.choice(
            "tail", LogitsTail.lump, spelled: "`lump`; `renormalize` at a temperature other than 1",
            "What becomes of the tokens that are not kept: one bucket, or nothing.")
        static let fields: [any DefinedField] = [temperature, topK, promptShare, tail] + Training.Definition.validatedFields
    }

    init(reading options: Fields, loss: Spanned<[LossTerm]>, steps: Int) {
        self.loss = loss
        temperature = options[Definition.temperature]
        topK = options[Definition.topK]
        promptShare = options[Definition.promptShare]
        tail = options.value(Definition.tail, default: temperature.value == 1 ? .lump : .renormalize)
        training = Training(reading: options, steps: steps)
        if tail.isWritten, tail.value == .lump, temperature.value != 1 {
            options.report(
                Diagnostic(
                    .conflict, "the bucket's share is known at temperature 1 alone", at: tail.span,
                    secondary: temperature.isWritten ? [.init(temperature.span)] : [], help: "write 'tail: renormalize'"))
        }
    }
}

/// Distillation on answers of the student's own (Efficient AI in Practice, 4.3).
package struct OnPolicyDistillation: Sendable {
    package let loss: Spanned<[LossTerm]>
    package let temperature: Spanned<Double>
    /// New tokens of an answer at most.
    package let tokens: Spanned<Int>
    /// Share of each batch that the student answers itself.
    package let fraction: Spanned<Double>
    package let samplingTemperature: Spanned<Double>
    package let training: Training

    enum Definition {
        static let tokens = Field.integer(
            "tokens", 64, in: 1...4096, spelled: "`64`; `192` with reasoning",
            "New tokens of a sampled answer at most (oKD, RL).")
        static let fraction = Field.share(
            "fraction", 1, in: 0...1, "Share of each batch that the student answers itself (oKD).")
        static let samplingTemperature = Field.number(
            "sampling_temperature", 0.9, in: 0.05...5, "Of the student's answers (oKD).")
        static let fields: [any DefinedField] =
            [tokens, fraction, samplingTemperature, Distillation.Definition.temperature] + Training.Definition.validatedFields
    }

    init(reading options: Fields, loss: Spanned<[LossTerm]>, steps: Int) {
        self.loss = loss
        temperature = options[Distillation.Definition.temperature]
        tokens = options[Definition.tokens]
        fraction = options[Definition.fraction]
        samplingTemperature = options[Definition.samplingTemperature]
        training = Training(reading: options, steps: steps)
    }
}

/// REINFORCE++-baseline (From Large to Super-Tiny, appendix D).
package struct Reinforcement: Sendable {
    /// Tokens of an answer with reasoning at most, where a recipe does not say: of RL, samples and evaluations.
    package static let reasoningTokens = 192

    /// Per prompt.
    package let rollouts: Spanned<Int>
    package let tokens: Spanned<Int>
    package let samplingTemperature: Spanned<Double>
    /// Of the probability ratio.
    package let clip: Spanned<Double>
    /// Weight of the k2 estimate of the divergence from the first policy.
    package let kl: Spanned<Double>
    /// Weights of the right name and of the right arguments in the reward.
    package let nameReward: Spanned<Double>
    package let argumentsReward: Spanned<Double>
    /// Of the weights, on each batch of answers.
    package let updates: Spanned<Int>
    package let training: Training

    enum Definition {
        static let rollouts = Field.integer("rollouts", 8, in: 2...256, "Answers per prompt (RL).")
        static let clip = Field.number("clip", 0.2, in: 0.01...1, "How far the probability ratio may move (RL).")
        static let kl = Field.number(
            "kl", 0.01, in: 0...10, "Weight of the divergence from the first policy, estimator k2 (RL).")
        static let nameReward = Field.number("name_reward", 0.5, in: 0...10, "α: reward of the right function (RL).")
        static let argumentsReward = Field.number("arguments_reward", 0.5, in: 0...10, "β: reward of the right arguments (RL).")
        static let updates = Field.integer(
            "updates", 1, in: 1...16, "Updates of the weights on each batch of answers; `clip` acts from the second on (RL).")
        static let fields: [any DefinedField] =
            [
                rollouts, OnPolicyDistillation.Definition.tokens, OnPolicyDistillation.Definition.samplingTemperature, clip, kl,
                nameReward, argumentsReward, updates,
            ]
            + Training.Definition.fields
    }

    init(reading options: Fields, steps: Int) {
        rollouts = options[Definition.rollouts]
        tokens = options[OnPolicyDistillation.Definition.tokens]
        samplingTemperature = options.value(OnPolicyDistillation.Definition.samplingTemperature, default: 1)
        clip = options[Definition.clip]
        kl = options[Definition.kl]
        nameReward = options[Definition.nameReward]
        argumentsReward = options[Definition.argumentsReward]
        updates = options[Definition.updates]
        training = Training(reading: options, steps: steps, learningRate: 5e-5)
    }
}

/// Direct preference optimization.
package struct Preference: Sendable {
    package let beta: Spanned<Double>
    package let training: Training

    enum Definition {
        static let beta = Field.number("beta", 0.1, in: 0.001...10, "β: how strongly the reference policy holds (DPO).")
        static let fields: [any DefinedField] = [beta] + Training.Definition.validatedFields
    }

    init(reading options: Fields, steps: Int) {
        beta = options[Definition.beta]
        training = Training(reading: options, steps: steps, learningRate: 5e-5)
    }
}
