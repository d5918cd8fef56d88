import BuildModel
import RecipeLanguage

// The recipe's words as the kinds' parameters. Switches without defaults: a new word does not compile until it has a meaning.

extension Numerics {
    init(_ profile: NumericsProfile, on processor: ProcessorFamily) {
        switch profile {
        case .portable: self = .portable
        case .native: self = .native(processor)
        }
    }
}

extension PromptStyle {
    init(_ prompt: DataSection.Prompt) {
        switch prompt {
        case .query: self = .query
        case .tools: self = .tools
        }
    }
}

extension DataIngest.Format {
    init(_ format: IngestSection.Format) {
        switch format {
        case .decant: self = .decant
        case .openai: self = .openai
        case .snips: self = .snips
        case .xlam: self = .xlam
        case .bfcl: self = .bfcl
        case .text: self = .text
        }
    }
}

extension RetrievalMethod {
    init(_ method: RetrievalChoice) {
        switch method {
        case .bm25: self = .bm25
        case .embedding: self = .embedding
        }
    }
}

extension JudgeKind {
    init(_ kind: JudgeSection.Kind) {
        switch kind {
        case .ast: self = .ast
        case .exact: self = .exact
        case .model: self = .model
        }
    }
}

extension LossTerm {
    init(_ term: Distillation.Term) {
        let loss: Loss =
            switch term.loss {
            case .forwardKL: .forwardKL
            case .reverseKL: .reverseKL
            case .jensenShannon: .jensenShannon
            case .adaptiveKL: .adaptiveKL
            case .crossEntropy: .crossEntropy
            }
        self.init(loss: loss, weight: term.weight, argument: term.argument)
    }
}

extension LogitsTail {
    init(_ tail: Distillation.Tail) {
        switch tail {
        case .lump: self = .lump
        case .renormalize: self = .renormalize
        }
    }
}

extension PruneMethod {
    init(_ method: PruneSection.Method) {
        switch method {
        case .depth: self = .depth
        case .width: self = .width
        case .osscar: self = .osscar
        case .magnitude: self = .magnitude
        case .activation: self = .activation
        }
    }

    /// What the method needs to know of the model. All that removes channels shares its scores and its calibration rows.
    var measure: PruneScore.Measure { self == .depth ? .depth : .width }
}

extension QuantApply.Method {
    init(_ method: QuantizeSection.Method) {
        switch method {
        case .rtn: self = .roundToNearest
        case .gptq: self = .gptq
        case .quantease: self = .quantEase
        case .smoothquant: self = .smoothQuant
        }
    }

    /// Whether it solves for codes, by the products of the layers' inputs.
    var readsHessians: Bool { self == .gptq || self == .quantEase }
}

extension QuantApply.Scheme {
    /// `nil` where nothing is quantized.
    init?(_ scheme: QuantizeSection.Scheme) {
        switch scheme {
        case .w8a16: self = .w8a16
        case .w4a16: self = .w4a16
        case .w8a8Int8: self = .w8a8Int8
        case .w8a8Float8: self = .w8a8Float8
        case .w8a8, .none: return nil
        }
    }
}

extension TrainingParameters.Optimizer {
    init(_ optimizer: Training.Optimizer) {
        switch optimizer {
        case .adamw: self = .adamw
        case .muon: self = .muon
        }
    }
}

extension TrainingParameters {
    /// - Parameters:
    ///   - prompt: what prompts show, where training may look at a validation set.
    ///   - answer: what answers consist of there.
    init(_ training: Training, seed: Int, prompt: PromptStyle? = nil, answer: AnswerStyle = .call) {
        self.init(
            steps: training.steps.value, batch: training.batch.value, learningRate: training.learningRate.value,
            optimizer: .init(training.optimizer.value), warmup: training.warmup.value,
            weightDecay: training.weightDecay.value, seed: seed,
            lora: training.lowRank.map {
                LowRankParameters(
                    rank: $0.rank.value, alpha: $0.alpha.value, targets: $0.targets.value.map(\.rawValue))
            },
            validation: training.validateEvery.flatMap { every in
                prompt.map {
                    ValidationParameters(
                        every: every.value, patience: training.patience?.value, prompt: $0, answer: answer.unlessCall)
                }
            })
    }
}

extension ModelShape {
    init(_ shape: ShapeSection) {
        self.init(
            hidden: shape.hidden.value, layers: shape.layers.value, heads: shape.heads.value, kvHeads: shape.kvHeads.value,
            intermediate: shape.intermediate.value, tied: shape.tied.value)
    }
}

extension EndpointParameters {
    init(_ endpoint: EndpointSection) { self.init(model: endpoint.model.value) }
}

extension EndpointAccess {
    init(_ endpoint: EndpointSection) {
        let variable = endpoint.keyVariable
        let requests = endpoint.maxRequests.value
        let cost = endpoint.maxCost.value
        self.init(
            url: endpoint.url.value,
            key: !variable.isWritten ? .standard : variable.value.isEmpty ? .none : .variable(variable.value),
            maxRequests: requests > 0 ? requests : nil, maxCost: cost > 0 ? cost : nil,
            price: Price(prompt: endpoint.promptPrice.value, answer: endpoint.answerPrice.value),
            concurrency: endpoint.concurrency.value, timeout: endpoint.timeout.value, retries: endpoint.retries.value)
    }
}
