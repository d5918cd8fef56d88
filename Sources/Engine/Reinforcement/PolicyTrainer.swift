/// Trains a model on its own answers and their rewards: REINFORCE++-baseline (Hu et al., arXiv 2501.03262).
///
/// A step draws answers to its prompts, rewards them, and minimizes the policy loss on the answers that ended. The reward of an
/// answer that did not end counts in the mean of its prompt, but its tokens are not trained on. Prompts whose answers have equal
/// rewards are omitted; a step without other prompts does not change the weights. Random numbers depend only on seed and step.
package final class PolicyTrainer {
    package let learner: Learner

    private let options: PolicyOptions
    private let prompts: [[Int32]]
    private let endToken: Int32
    private let rewards: ([PromptedAnswer]) throws -> [Reward]
    private let workers: WorkerPool
    /// The first policy; `nil` without a divergence term.
    private let reference: Decoder?
    private var order: EpochOrder
    private let isOrdered: Bool

    /// An answer to the prompt of an index.
    package struct PromptedAnswer {
        package let prompt: Int
        package let answer: GeneratedSequence

        package init(prompt: Int, answer: GeneratedSequence) { (self.prompt, self.answer) = (prompt, answer) }
    }

    /// - Parameters:
    ///   - model: also the reference policy.
    ///   - endToken: ends an answer, and is learned as its last token.
    ///   - isOrdered: whether prompts come in their order, over and over; else each round has an order of its own.
    ///   - training: `batch` is a number of prompts.
    ///   - rewards: those of a step's answers, in their order.
    /// - Throws: `TrainingError` when an option is out of range, or a prompt leaves no room for an answer.
    package init(
        _ model: Model, prompts: [[Int32]], isOrdered: Bool = false, endToken: Int32, options: PolicyOptions,
        training: TrainingOptions, workers: WorkerPool, rewards: @escaping ([PromptedAnswer]) throws -> [Reward]
    ) throws(TrainingError) {
        try options.check()
        let limit = model.configuration.maximumPositions
        let longestPrompt = prompts.map(\.count).max() ?? 0
        guard longestPrompt > 0, longestPrompt < limit, !prompts.contains([]) else {
            throw TrainingError(
                "Reinforcement learning needs prompts of 1 to \(limit - 1) tokens; the longest has \(longestPrompt).")
        }
        let longest = min(longestPrompt + options.tokens, limit)
        learner = try Learner(model, longest: longest, options: training, workers: workers)
        reference = options.kl > 0 ? learner.inferenceModel.decoder(positions: longest, workers: workers) : nil
        order = EpochOrder(count: prompts.count, seed: training.seed)
        self.isOrdered = isOrdered
        (self.options, self.prompts, self.endToken, self.rewards, self.workers) = (options, prompts, endToken, rewards, workers)
    }

    /// Runs one step, with the readings of `RolloutReadings`.
    /// - Throws: `GenerationError` when a prompt holds an unknown token; what the rewards throw.
    package func advance() throws -> TrainingStep {
        let asked = batch(learner.step, size: learner.options.batch)
        let rollouts = try draw(asked)
        let advantages = Advantages(of: rollouts.map(\.reward.value), groupSize: options.rollouts)
        var rows = zip(rollouts, advantages.values).compactMap { rollout, advantage in
            advantage.flatMap { rollout.example(endToken: endToken, advantage: $0) }
        }
        let scores = reference?.tokenLogProbabilities(rows, temperature: options.temperature) ?? []
        for (row, score) in scores.enumerated() { rows[row].rollout?.referenceLogProbabilities = score.map(Float.init) }
        let readings = RolloutReadings(rollouts, learned: rows, skipped: advantages.skippedGroups, of: asked.count)
        var step = rows.isEmpty ? learner.skipStep() : learner.advance(on: rows, loss: options.loss, updates: options.updates)
        step.readings = readings.values
        return step
    }

    /// The prompts of a step.
    private func batch(_ step: Int, size: Int) -> [Int] {
        isOrdered ? (0..<size).map { (step * size + $0) % prompts.count } : order.batch(step, size: size)
    }

    /// `options.rollouts` answers to each of these prompts.
    private func draw(_ asked: [Int]) throws -> [Rollout] {
        let sampling = GenerationOptions(
            maximumTokens: options.tokens, stopTokens: [endToken], temperature: options.temperature, samples: options.rollouts,
            seed: Philox.stepSeed(learner.options.seed, step: learner.step), recordsLogProbabilities: true)
        let answers = try Generator(learner.inferenceModel, workers: workers)
            .generate(asked.map { GenerationPrompt(prompts[$0]) }, options: sampling)
        let prompted = answers.enumerated().map { index, answer in
            PromptedAnswer(prompt: asked[index / options.rollouts], answer: answer)
        }
        return try zip(prompted, rewards(prompted)).map { asked, reward in
            Rollout(prompt: prompts[asked.prompt], answer: asked.answer, reward: reward)
        }
    }
}

extension Learner {
    /// Runs a step of several updates on the same rows; loss and norm are those of the first update.
    func advance(on rows: [TrainingExample], loss: some ResponseLoss, updates: Int) -> TrainingStep {
        defer { step += 1 }
        let steps = (0..<updates).map { update(on: rows, loss: loss, number: step * updates + $0) }
        return steps[0]
    }

    /// Runs a step that changes neither weights nor moments.
    func skipStep() -> TrainingStep {
        defer { step += 1 }
        return TrainingStep(
            step: step, loss: 0, learningRate: options.learningRate(atStep: step), gradientNorm: 0, tokens: 0)
    }
}

/// An answer that the policy drew, and its reward.
struct Rollout {
    var prompt: [Int32]
    /// The answer with the log-probabilities of its tokens.
    var answer: GeneratedSequence
    var reward: Reward

    /// The training example of the answer; `nil` where the answer did not end.
    ///
    /// Generation drew the tokens from the policy before the step. Its decoder sums in another order than training's, so that the
    /// ratio at the first update of a step is 1 up to rounding, far within any clip.
    func example(endToken: Int32, advantage: Double) -> TrainingExample? {
        guard answer.end == .stopToken else { return nil }
        var example = TrainingExample(tokens: prompt + answer.tokens + [endToken], promptLength: prompt.count)
        example.rollout = RolloutSignal(advantage: advantage, logProbabilities: answer.choiceLogProbabilities)
        return example
    }
}

/// The readings of a step from its answers.
struct RolloutReadings {
    /// Readings by name:
    /// `reward`: mean; `right`, `well_formed`, `ended`: shares of the answers; `skipped_groups`: share of the prompts;
    /// `response_tokens`: mean, end token included; `entropy`: mean of −ln π of the drawn tokens, an estimate of the policy's;
    /// `kl`: mean of ½(ln π − ln π_ref)² over the trained tokens, where there are any; `reward_NAME`: what each term adds to the
    /// mean reward.
    let values: [String: Double]

    init(_ rollouts: [Rollout], learned rows: [TrainingExample], skipped: Int, of prompts: Int) {
        let count = Double(max(1, rollouts.count))
        func share(_ holds: (Rollout) -> Bool) -> Double { Double(rollouts.count(where: holds)) / count }
        let drawn = rollouts.flatMap(\.answer.choiceLogProbabilities)
        var values = [
            "reward": rollouts.reduce(0) { $0 + $1.reward.value } / count, "right": share(\.reward.isRight),
            "well_formed": share(\.reward.isWellFormed), "ended": share(\.answer.isFinished),
            "skipped_groups": Double(skipped) / Double(max(1, prompts)), "response_tokens": Double(drawn.count) / count,
            "entropy": -drawn.reduce(0) { $0 + Double($1) } / Double(max(1, drawn.count)),
        ]
        let distances = rows.compactMap(\.rollout).filter { !$0.referenceLogProbabilities.isEmpty }.flatMap { rollout in
            zip(rollout.logProbabilities, rollout.referenceLogProbabilities).map { Double($0) - Double($1) }
        }
        if !distances.isEmpty { values["kl"] = distances.reduce(0) { $0 + 0.5 * $1 * $1 } / Double(distances.count) }
        for name in Set(rollouts.flatMap(\.reward.terms.keys)) {
            values["reward_\(name)"] = rollouts.reduce(0) { $0 + ($1.reward.terms[name] ?? 0) } / count
        }
        self.values = values
    }
}
