import Declarations
import Words

/// How a training stage walks down its loss.
package struct TrainingParameters: ParameterGroup {
    /// `nil` where `epochs` says how long the training is.
    @Spanned package var steps: Int? = 500
    /// `nil` where `steps` says how long the training is.
    @Spanned package var epochs: Double? = nil
    @Spanned package var batch = 32
    /// The peak, after warm-up; what follows is the schedule's. `nil` where it follows from the size of the model.
    @Spanned package var learningRate: Double? = OptimizerKind.muon.learningRate
    @Spanned package var optimizer = OptimizerKind.muon
    @Spanned package var warmup = 0.05
    /// Of warm-up at least, though never more than half of all.
    @Spanned package var warmupSteps = 0
    @Spanned package var weightDecay = 0.01
    @Spanned package var clippingNorm = 1.0
    @Spanned package var seed = 2
    /// Trained in place of all weights; the output is an adapter folder then. `nil` where all weights are trained.
    @Spanned package var lora: LowRankParameters? = nil
    /// `nil` where the last step's model is the result.
    @Spanned package var validation: ValidationParameters? = nil
    /// Of prompt and answer; `nil` where a row may be as long as the model reads.
    @Spanned package var maxLength: Int? = nil
    @Spanned package var sharePrefixes = false
    @Spanned package var schedule = LearningRateSchedule.cosine
    /// Of the schedule `wsd`; `nil` for the others.
    @Spanned package var decay: Double? = nil
    /// Steps that the input `state` has done; `nil` where the training begins with its first.
    @Spanned package var fromStep: Int? = nil
    /// Whether the output is the training's state, and no model.
    @Spanned package var isTrunk = false

    package static let standard = Self()
    package static let parameters: [Parameter<Self>] = [
        .init(
            \.$steps,
            .integer(
                "steps", in: 1...10_000_000, spelled: "",
                "Training steps; 600 for a teacher, 500 for a student (oKD 200), 150 to recover, 100 of RL and DPO.")),
        .init(
            \.$epochs,
            .number(
                "epochs", in: 1e-3...10_000,
                "Passes over the rows that the stage learns from, in place of `steps`: the stage counts its rows.")),
        .init(\.$batch, .integer("batch", in: 1...4096, "Rows per step; prompts per step of RL.")),
        .init(
            \.$learningRate,
            .number(
                "learning_rate", in: 1e-8...1,
                spelled: "4e-3 for `muon`, 3e-3 for `adamw`, 1e-3 for adapters; 5e-5 for RL and DPO; "
                    + "by size for a pretrained model",
                "The peak.")),
        .init(\.$optimizer, .choice("optimizer", "Muon on the hidden matrices, or AdamW on all.")),
        .init(\.$warmup, .share("warmup", in: 0...1, "Share of the steps in which the learning rate rises.")),
        .init(
            \.$warmupSteps,
            .integer(
                "warmup_steps", in: 0...1_000_000, spelled: "`0`; `20` for a pretrained model",
                "Steps of warm-up at least, though never more than half of all."),
            key: .unlessStandard),
        .init(\.$weightDecay, .number("weight_decay", in: 0...1, "Decoupled; none on norms and biases.")),
        .init(
            \.$clippingNorm,
            .number("max_grad_norm", in: 1e-6...1e6, "Global norm of the gradient at most; a longer one is shortened to it."),
            key: .unlessStandard),
        .init(\.$seed, .seed("Of the order of training rows."), at: .elsewhere),
        .init(\.$lora, "lora", "Low-rank adapters, which are trained in place of all weights."),
        .init(
            \.$validation, "validation",
            "How often the loss on the set `valid` is computed. The model with the lowest one is the result."),
        .init(
            \.$maxLength,
            .integer(
                "max_length", in: 2...1_000_000,
                "Tokens of prompt and answer together at most. A longer row loses its end, and is left out where no answer is "
                    + "left; both are counted.")),
        .init(
            \.$sharePrefixes,
            .flag(
                "share_prefixes",
                "Whether the tokens with which rows of a step begin alike are computed once; neighbours in the data that begin "
                    + "alike then stay together. `candidates.group` above 1 switches it on."), key: .unlessStandard),
        .init(\.$schedule, .schedule, key: .unlessStandard),
        .init(
            \.$decay, .decay, when: { $0.$schedule.map { $0 == .wsd } }, standard: LearningRateSchedule.standardDecay),
        .init(
            \.$fromStep,
            .integer("from_step", in: 1...10_000_000, "Steps that the input `state` has done; the stage does the others."),
            at: .elsewhere),
        .init(
            \.$isTrunk,
            .flag("trunk", "Whether the stage writes no model, but its state, from which longer trainings go on."),
            at: .elsewhere, key: .unlessStandard),
    ]

    /// The learning rate follows the optimizer, unless the kind has another of its own. Epochs stand in the place of steps.
    package mutating func settle() {
        settleParameters()
        if epochs != nil { steps = nil }
        guard !$learningRate.isWritten, learningRate == Self.standard.learningRate else { return }
        $learningRate = lora == nil ? $learningRate.or($optimizer) { $0.learningRate } : $learningRate.or($lora) { _ in 1e-3 }
    }
}

extension Field where Value == LearningRateSchedule {
    static var schedule: Field {
        .choice(
            "schedule",
            "How the learning rate goes on after warm-up: down a cosine to a tenth, constant, or constant until the last steps "
                + "(`wsd`: warm-up, stable, decay).")
    }
}

extension Field where Value == Double {
    static var decay: Field {
        .share("decay", in: 0.001...1, "Share of the steps, the last ones, in which the rate of `wsd` falls to a tenth.")
    }
}

extension OptimizerKind {
    /// Muon reaches a given loss in a third of AdamW's steps at this scale.
    var learningRate: Double { self == .muon ? 4e-3 : 3e-3 }
}

/// Low-rank adapters (Hu et al., arXiv 2106.09685).
package struct LowRankParameters: ParameterGroup {
    @Spanned package var rank = 8
    @Spanned package var alpha = 16.0
    /// In the order of `AdapterTarget`.
    @Spanned package var targets = AdapterTarget.allCases

    package static let standard = Self()
    package static let parameters: [Parameter<Self>] = [
        .init(
            \.$rank,
            .integer(
                "rank", in: 1...4096, spelled: "",
                "Rank of low-rank adapters, which are then trained in place of all weights, by AdamW."),
            at: "lora", isNeeded: true),
        .init(
            \.$alpha,
            .number("alpha", in: 1e-3...1e6, spelled: "twice the rank", "What adapters add is multiplied by alpha / rank."),
            at: "lora_alpha"),
        .init(
            \.$targets,
            Field<[Spanned<AdapterTarget>]>.list(of: .choice("targets", "The matrices that get adapters."), isSet: true)
                .plain(),
            at: "lora_targets"),
    ]

    package mutating func settle() {
        $alpha = $alpha.or($rank) { 2 * Double($0) }
        targets = targets.isEmpty ? AdapterTarget.allCases : AdapterTarget.allCases.filter(targets.contains)
    }
}

/// How often a training computes the loss on the set `valid` of the input `data`. The model with the lowest one is the result.
package struct ValidationParameters: ParameterGroup {
    @Spanned package var every = 50
    @Spanned package var patience: Int? = nil
    /// `nil` where a look reads all.
    @Spanned package var rows: Int? = nil
    @Spanned package var prompt = PromptStyle.query
    @Spanned package var answer = AnswerStyle.call

    package static let standard = Self()
    package static let parameters: [Parameter<Self>] = [
        .init(
            \.$every,
            .integer(
                "every", in: 1...10_000_000, spelled: "",
                "Steps from one look at the set `valid` to the next; the model of the best look is kept. Left out: the last step's."
            ),
            at: "validate_every", isNeeded: true),
        .init(
            \.$patience,
            .integer(
                "patience", in: 1...10_000,
                "Looks without improvement after which training ends. Left out: it never ends early.")),
        .init(
            \.$rows,
            .integer(
                "rows", in: 1...10_000_000,
                "Rows of the set `valid` that a look reads at most, spread evenly over it. Left out: all of them."),
            at: "validate_rows"),
        .init(\.$prompt, .prompt, at: .elsewhere),
        .init(\.$answer, .answer, at: .elsewhere, key: .unlessStandard),
    ]
}

extension Field where Value == PromptStyle {
    static var prompt: Field {
        .choice("prompt", "What a prompt shows: the query alone, or the functions and then the query.")
    }
}

extension Field where Value == AnswerStyle {
    static var answer: Field { .choice("answer", "What answers consist of.") }
}

extension Spanned<Int> {
    /// Tokens of an answer at most: as written, or as many as an answer of the style takes.
    func orTokens(of answer: Spanned<AnswerStyle>) -> Spanned { or(answer) { $0 == .reasoning ? 192 : 64 } }
}
