/// Trains a model on its own answers, by what they are worth: REINFORCE++-baseline (Hu et al., arXiv 2501.03262).
///
/// A step draws answers to its prompts, has them rewarded, and walks down the policy loss on those that ended. An answer that
/// did not end counts with its reward in what is expected of its prompt's answers, but its own tokens, whose rest nobody saw,
/// teach nothing. Prompts whose answers are all worth the same are left out; a step that has no others leaves the weights as
/// they are. All random numbers follow from seed and step.
package final class PolicyTrainer {
    package let learner: Learner

    private let options: PolicyOptions
    private let prompts: [[Int32]]
    private let endToken: Int32
    private let reward: (Int, GeneratedSequence) -> Reward
    private let workers: WorkerPool
    /// The first policy; `nil` where nothing holds the model to it.
    private let reference: Decoder?
    private var order: EpochOrder

    /// - Parameters:
    ///   - model: also the reference policy.
    ///   - endToken: ends an answer, and is learnt as its last token.
    ///   - training: its batch are prompts.
    ///   - reward: of an answer that ended, to the prompt of this place.
    /// - Throws: `TrainingError` when an option is out of range, or a prompt leaves no room for an answer.
    package init(
        _ model: Model, prompts: [[Int32]], endToken: Int32, options: PolicyOptions, training: TrainingOptions,
        workers: WorkerPool, reward: @escaping (Int, GeneratedSequence) -> Reward
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
        self.options = options
        self.prompts = prompts
        self.endToken = endToken
        self.reward = reward
        self.workers = workers
    }

    /// Runs one step. Its readings are those of `RolloutReadings`.
    /// - Throws: `GenerationError` when a prompt holds an unknown token.
    package func advance() throws -> TrainingStep {
        let asked = order.batch(learner.step, size: learner.options.batch)
        let rollouts = try draw(asked)
        let advantages = Advantages(of: rollouts.map(\.reward.value), groupSize: options.rollouts)
        var rows = zip(rollouts, advantages.values).compactMap { rollout, advantage in
            advantage.flatMap { rollout.example(endToken: endToken, advantage: $0) }
        }
        let scores = reference?.tokenLogProbabilities(rows, temperature: options.temperature) ?? []
        for (row, score) in scores.enumerated() { rows[row].rollout?.referenceLogProbabilities = score.map(Float.init) }
        let readings = RolloutReadings(rollouts, learnt: rows, skipped: advantages.skippedGroups, of: asked.count)
        var step = rows.isEmpty ? learner.skipStep() : learner.advance(on: rows, loss: options.loss, updates: options.updates)
        step.readings = readings.values
        return step
    }

    /// `options.rollouts` answers to each of these prompts.
    private func draw(_ asked: [Int]) throws -> [Rollout] {
        let random = Philox(seed: learner.options.seed, purpose: .stepSeeds, step: UInt64(learner.step)).words(0)
        let sampling = GenerationOptions(
            maximumTokens: options.tokens, stopTokens: [endToken], temperature: options.temperature, samples: options.rollouts,
            seed: UInt64(random[0]) << 32 | UInt64(random[1]), recordsLogProbabilities: true)
        let answers = try Generator(learner.inferenceModel, workers: workers)
            .generate(asked.map { GenerationPrompt(prompts[$0]) }, options: sampling)
        return answers.enumerated().map { index, answer in
            let prompt = asked[index / options.rollouts]
            return Rollout(
                prompt: prompts[prompt], answer: answer, reward: answer.isFinished ? reward(prompt, answer) : .malformed)
        }
    }
}

extension Learner {
    /// Runs a step of several updates on the same rows; its loss and norm are those of the first.
    func advance(on rows: [TrainingExample], loss: some ResponseLoss, updates: Int) -> TrainingStep {
        defer { step += 1 }
        let steps = (0..<updates).map { update(on: rows, loss: loss, number: step * updates + $0) }
        return steps[0]
    }

    /// Lets a step go by: neither weights nor moments change.
    func skipStep() -> TrainingStep {
        defer { step += 1 }
        return TrainingStep(
            step: step, loss: 0, learningRate: options.learningRate(atStep: step), gradientNorm: 0, tokens: 0)
    }
}

/// An answer that the policy drew, and what it is worth.
struct Rollout {
    var prompt: [Int32]
    /// With the log-probabilities of its tokens.
    var answer: GeneratedSequence
    var reward: Reward

    /// What is learnt from it; `nil` from an answer that did not end.
    ///
    /// What generation drew the tokens from is the policy before the step. Its decoder sums in another order than training's,
    /// so that the ratio at a step's first update is 1 up to rounding, far within any clip.
    func example(endToken: Int32, advantage: Double) -> TrainingExample? {
        guard answer.end == .stopToken else { return nil }
        var example = TrainingExample(tokens: prompt + answer.tokens + [endToken], promptLength: prompt.count)
        example.rollout = RolloutSignal(advantage: advantage, logProbabilities: answer.choiceLogProbabilities)
        return example
    }
}

/// What a step's answers say of the policy.
struct RolloutReadings {
    /// By name:
    /// `reward`: mean; `right`, `well_formed`, `ended`: shares of the answers; `skipped_groups`: share of the prompts;
    /// `response_tokens`: mean, end token included; `entropy`: mean of −ln π of the drawn tokens, an estimate of the policy's;
    /// `kl`: mean of ½(ln π − ln π_ref)² over the tokens that are learnt from, where there are any.
    let values: [String: Double]

    init(_ rollouts: [Rollout], learnt rows: [TrainingExample], skipped: Int, of prompts: Int) {
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
        self.values = values
    }
}
