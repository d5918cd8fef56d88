import CanonicalJSON
import Engine
import Planner

extension RLTrain: RunnableStage {
    package func run(in context: StageContext) throws {
        let folder = context.modelFolder("model")
        let functions = try context.readFunctions("data")
        let rows = try context.readRows("data", "train.jsonl")
        let reader = ResponseRows(prompts: try folder.prompts(prompt), functions: functions)
        let tokenizer = reader.prompts.tokenizer
        guard let endToken = reader.prompts.endTokens.first else {
            throw StageFailure("the model's tokenizer has no token that ends an answer")
        }
        let reward = CallReward(
            nameWeight: nameReward, argumentsWeight: argumentsReward, format: answer ?? .call,
            functions: functions)
        let trainer = try PolicyTrainer(
            folder.model(), prompts: rows.map { try reader.prompt(of: $0) }, endToken: endToken,
            options: PolicyOptions(
                rollouts: rollouts, tokens: tokens, temperature: samplingTemperature, clip: clip, kl: kl, updates: updates ?? 1),
            training: TrainingOptions(training, products: context.products), workers: context.workers
        ) { row, answer in reward.reward(for: answer.text(with: tokenizer), to: rows[row]) }
        let steps = try context.train(trainer.learner, parameters: training, until: { try reasonToEnd(after: $0.steps) != nil })
        {
            try trainer.advance()
        }
        try writeSummary(of: steps, in: context)
    }

    /// Why there is no point in going on; `nil` where there is one.
    private func reasonToEnd(after steps: [TrainingStep]) throws(StageFailure) -> String? {
        switch PolicyProgress(steps) {
        case .learning: return nil
        case .withoutSignal(let reward):
            return
                "for \(PolicyProgress.patience) steps all answers to each prompt had the same reward (\(reward) on average), and "
                + "nothing is learnt from such; reinforcement learning needs a model that is right sometimes and wrong sometimes"
        case .collapsed(let first, let last):
            throw StageFailure(
                "the mean reward fell from \(first) to \(last) and stayed there; lower the learning rate (it is "
                    + "\(training.learningRate)) or raise kl (it is \(kl))")
        case .notANumber:
            throw StageFailure(
                "the loss is not a number any more; lower the learning rate (it is \(training.learningRate))")
        }
    }

    /// Where the policy came from and where it got to; also why it went no further.
    private func writeSummary(of steps: [TrainingStep], in context: StageContext) throws {
        func mean(_ name: String, _ steps: ArraySlice<TrainingStep>) -> JSON {
            .number(steps.reduce(0) { $0 + ($1.readings[name] ?? 0) } / Double(max(1, steps.count)))
        }
        let (first, last) = (steps.prefix(10), steps.suffix(10))
        var summary: [String: JSON] = [
            "steps": .integer(Int64(steps.count)), "planned_steps": .integer(Int64(training.steps)),
            "reward": ["first": mean("reward", first), "last": mean("reward", last)],
            "right": ["first": mean("right", first), "last": mean("right", last)],
        ]
        if let reason = try reasonToEnd(after: steps), steps.count < training.steps {
            summary["ended_because"] = .string(reason)
            context.log("warning: ends after step \(steps.count) of \(training.steps): \(reason)")
        }
        try context.write(.object(summary), to: "summary.json")
    }
}
