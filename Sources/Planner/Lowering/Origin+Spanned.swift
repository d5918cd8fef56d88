import BuildModel
import RecipeLanguage

extension Origin {
    /// The place of a recipe's value that becomes a parameter.
    init<Value>(_ parameter: String, _ value: Spanned<Value>) {
        self.init(
            parameter: parameter, field: value.field, file: value.span.source.path, line: value.span.line,
            column: value.span.column)
    }

    /// The places of all training parameters.
    static func training(_ training: Training, seed: Spanned<Int>) -> [Origin] {
        [
            Origin("training.steps", training.steps), Origin("training.batch", training.batch),
            Origin("training.learning_rate", training.learningRate), Origin("training.optimizer", training.optimizer),
            Origin("training.warmup", training.warmup), Origin("training.weight_decay", training.weightDecay),
            Origin("training.seed", seed),
        ]
            + (training.lowRank.map {
                [
                    Origin("training.lora.rank", $0.rank), Origin("training.lora.alpha", $0.alpha),
                    Origin("training.lora.targets", $0.targets),
                ]
            } ?? []) + [training.validateEvery, training.patience].compactMap(\.self).map { Origin("training.validation", $0) }
    }
}
