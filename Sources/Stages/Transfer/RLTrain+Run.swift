import CanonicalJSON
import Engine
import Kinds

extension RLTrain: RunnableStage {
    private static let summary = File<JSON>("summary.json")
    package static let artifact: [Output] = .ofTraining + [.figures(summary)]

    package func run(in context: StageContext) throws {
        let rows = try context.readLabelled(DataFiles.train)
        let reader = try context.responseRows(prompt, answer)
        guard let endToken = reader.prompts.endTokens.first else {
            throw StageFailure("the model's tokenizer has no token that ends an answer")
        }
        var prompts = try context.fitted(rows.map { try reader.prompt(of: $0) }, to: training) { $0.count < $1 ? $0 : nil }
        var tried: Curriculum?
        if curriculum > 0 {
            let rewards = try RolloutRewards(self, rows: prompts.map { rows[$0.place] }, reader: reader, in: context)
            let found = try Curriculum(
                self, of: prompts.map(\.item), endToken: endToken, in: context, rewards: rewards.rewards)
            prompts = found.places.map { prompts[$0] }
            tried = found
        }
        let rewards = try RolloutRewards(self, rows: prompts.map { rows[$0.place] }, reader: reader, in: context)
        let model = try context.modelFolder("model").unpaddedModel()
        let options = try context.trainingOptions(
            training, of: model, rows: prompts.count, rateShare: TuningRate.policyShare)
        let trainer = try PolicyTrainer(
            model, prompts: prompts.map(\.item), isOrdered: tried != nil, endToken: endToken,
            options: PolicyOptions(
                rollouts: rollouts, tokens: tokens, temperature: samplingTemperature, clip: clip, kl: kl, updates: updates),
            training: options, workers: context.workers, rewards: rewards.rewards)
        let steps = try context.train(
            trainer.learner, parameters: training,
            until: { curve in
                try reasonToEnd(after: curve.steps, options) != nil
            }
        ) {
            try trainer.advance()
        }
        try writeSummary(of: steps, options, tried, in: context)
    }

    /// Why there is no point in going on; `nil` where there is one.
    private func reasonToEnd(after steps: [TrainingStep], _ options: TrainingOptions) throws(StageFailure) -> String? {
        switch PolicyProgress(steps, largestFall: RewardRule(self).largestFall) {
        case .learning: return nil
        case .withoutSignal(let reward):
            return
                "for \(PolicyProgress.patience) steps all answers to each prompt had the same reward (\(reward) on average), and "
                + "nothing is learnt from such; reinforcement learning needs a model that is right sometimes and wrong sometimes"
        case .collapsed(let first, let last):
            throw StageFailure(
                "the mean reward fell from \(first) to \(last) and stayed there; lower the learning rate (it is "
                    + "\(options.learningRate)) or raise kl (it is \(kl))")
        case .notANumber:
            throw StageFailure(
                "the loss is not a number any more; lower the learning rate (it is \(options.learningRate))")
        }
    }

    /// Where the policy came from and where it got to; also why it went no further.
    private func writeSummary(
        of steps: [TrainingStep], _ options: TrainingOptions, _ curriculum: Curriculum?, in context: StageContext
    ) throws {
        func mean(_ name: String, _ steps: ArraySlice<TrainingStep>) -> JSON {
            .number(steps.reduce(0) { $0 + ($1.readings[name] ?? 0) } / Double(max(1, steps.count)))
        }
        let (first, last) = (steps.prefix(10), steps.suffix(10))
        var summary: [String: JSON] = [
            "steps": .count(steps.count), "planned_steps": .count(options.steps),
            "reward": ["first": mean("reward", first), "last": mean("reward", last)],
            "right": ["first": mean("right", first), "last": mean("right", last)],
        ]
        for term in Set(steps.flatMap(\.readings.keys)).filter({ $0.hasPrefix("reward_") }) {
            summary[term] = ["first": mean(term, first), "last": mean(term, last)]
        }
        if let curriculum { summary["curriculum"] = curriculum.json }
        if let reason = try reasonToEnd(after: steps, options), steps.count < options.steps {
            summary["ended_because"] = .string(reason)
            context.log("warning: ends after step \(steps.count) of \(options.steps): \(reason)")
        }
        try context.write(.object(summary), to: Self.summary)
    }
}

/// How reinforcement learning is doing, by the readings of the steps so far.
enum PolicyProgress: Equatable {
    case learning
    /// In the last steps no prompt had answers of different rewards: nothing changes any more.
    case withoutSignal(reward: Double)
    /// In each of the last steps the reward was far below that of the first ones.
    case collapsed(first: Double, last: Double)
    case notANumber

    /// Steps that something must hold for.
    static let patience = 20
    /// Steps that say where the reward was.
    private static let firstSteps = 10
    /// - Parameter largestFall: of the mean reward. By the standard rule, breaking the format costs at least 2.
    init(_ steps: [TrainingStep], largestFall: Double = RewardRule().largestFall) {
        let latest = Self.rewards(of: steps.suffix(Self.patience))
        let last = Self.mean(latest)
        guard steps.last.map({ $0.loss.isFinite && $0.gradientNorm.isFinite && last.isFinite }) ?? true else {
            self = .notANumber
            return
        }
        self = .learning
        if steps.count >= Self.patience, steps.suffix(Self.patience).allSatisfy({ $0.readings["skipped_groups"] == 1 }) {
            self = .withoutSignal(reward: Self.rounded(last))
        } else if steps.count >= Self.firstSteps + Self.patience {
            let first = Self.mean(Self.rewards(of: steps.prefix(Self.firstSteps)))
            if latest.allSatisfy({ $0 < first - largestFall }) {
                self = .collapsed(first: Self.rounded(first), last: Self.rounded(last))
            }
        }
    }

    private static func rewards(of steps: ArraySlice<TrainingStep>) -> [Double] { steps.compactMap { $0.readings["reward"] } }

    private static func mean(_ rewards: [Double]) -> Double { rewards.reduce(0, +) / Double(max(1, rewards.count)) }

    private static func rounded(_ reward: Double) -> Double { (reward * 100).rounded() / 100 }
}
