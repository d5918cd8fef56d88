import BuildModel
import RecipeLanguage
import Words

extension Numerics {
    init(_ profile: NumericsProfile, on processor: ProcessorFamily) {
        switch profile {
        case .portable: self = .portable
        case .native: self = .native(processor)
        }
    }
}

extension PruneMethod {
    /// What the method needs to know of the model. All that removes channels shares its scores and its calibration rows.
    var measure: PruneScore.Measure { self == .depth ? .depth : .width }
}

extension TrainingParameters {
    /// - Parameters:
    ///   - prompt: what prompts show, where training may look at a validation set.
    ///   - answer: what answers consist of there.
    init(_ training: Training, seed: Int, prompt: PromptStyle? = nil, answer: AnswerStyle = .call) {
        self.init(
            steps: training.steps.value, batch: training.batch.value, learningRate: training.learningRate.value,
            optimizer: training.optimizer.value, warmup: training.warmup.value,
            weightDecay: training.weightDecay.value, seed: seed,
            lora: training.lowRank.map {
                LowRankParameters(
                    rank: $0.rank.value, alpha: $0.alpha.value, targets: $0.targets.value)
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
