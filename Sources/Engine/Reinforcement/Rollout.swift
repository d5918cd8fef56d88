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
