import BuildModel
import RecipeLanguage

// The recipe's words as the kinds' parameters. Switches without defaults: a new word does not compile until it has a meaning.

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
        }
    }
}

extension JudgeKind {
    init(_ kind: JudgeSection.Kind) {
        switch kind {
        case .ast: self = .ast
        case .exact: self = .exact
        }
    }
}

extension LossTerm.Loss {
    init(_ loss: Distillation.Loss) {
        switch loss {
        case .forwardKL: self = .forwardKL
        case .crossEntropy: self = .crossEntropy
        }
    }
}

extension PruneMethod {
    init(_ method: PruneSection.Method) {
        switch method {
        case .depth: self = .depth
        }
    }
}

extension QuantApply.Method {
    init(_ method: QuantizeSection.Method) {
        switch method {
        case .rtn: self = .roundToNearest
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
    init(_ training: Training, seed: Int) {
        self.init(
            steps: training.steps.value, batch: training.batch.value, learningRate: training.learningRate.value,
            optimizer: .init(training.optimizer.value), warmup: training.warmup.value,
            weightDecay: training.weightDecay.value, seed: seed)
    }
}

extension ModelShape {
    init(_ model: ModelSection) {
        self.init(
            hidden: model.hidden.value, layers: model.layers.value, heads: model.heads.value, kvHeads: model.kvHeads.value,
            intermediate: model.intermediate.value, tied: model.tied.value)
    }
}
