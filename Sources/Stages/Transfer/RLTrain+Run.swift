import Engine
import Planner

extension RLTrain: RunnableStage {
    public func run(in context: StageContext) throws {
        let folder = context.modelFolder("model")
        let functions = try context.readFunctions("data")
        let rows = try context.readRows("data", "train.jsonl")
        let reader = ResponseRows(prompts: try folder.prompts(PromptFormat(prompt)), functions: functions)
        let tokenizer = reader.prompts.tokenizer
        guard let endToken = reader.prompts.endTokens.first else {
            throw StageFailure("the model's tokenizer has no token that ends an answer")
        }
        let reward = CallReward(
            nameWeight: nameReward, argumentsWeight: argumentsReward, format: AnswerFormat(answer ?? .call),
            functions: functions)
        let trainer = try PolicyTrainer(
            folder.model(), prompts: rows.map { try reader.prompt(of: $0) }, endToken: endToken,
            options: PolicyOptions(
                rollouts: rollouts, tokens: tokens, temperature: samplingTemperature, clip: clip, kl: kl, updates: updates ?? 1),
            training: TrainingOptions(training, products: context.products), workers: context.workers
        ) { row, answer in reward.reward(for: answer.text(with: tokenizer), to: rows[row]) }
        try context.train(trainer.learner, parameters: training, until: { try ended(after: $0.steps, in: context) }) {
            try trainer.advance()
        }
    }

    /// Whether there is no point in going on; said in the log.
    private func ended(after steps: [TrainingStep], in context: StageContext) throws(StageFailure) -> Bool {
        switch PolicyProgress(steps) {
        case .learning: return false
        case .withoutSignal(let reward):
            context.log(
                "warning: ends after step \(steps.count) of \(training.steps): for \(PolicyProgress.patience) steps all answers "
                    + "to each prompt had the same reward (\(reward) on average), and nothing is learnt from such; "
                    + "reinforcement learning needs a model that is right sometimes and wrong sometimes")
            return true
        case .collapsed(let first, let last):
            throw StageFailure(
                "the mean reward fell from \(first) to \(last) and stayed there; lower the learning rate (it is "
                    + "\(training.learningRate)) or raise kl (it is \(kl))")
        case .notANumber:
            throw StageFailure(
                "the loss is not a number any more; lower the learning rate (it is \(training.learningRate))")
        }
    }
}
