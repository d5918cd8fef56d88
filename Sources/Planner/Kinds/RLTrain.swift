import Words

/// Reinforcement learning from rewarded rollouts: REINFORCE++-baseline with the k2 divergence (METHODS: RL).
///
/// Inputs: `model` (also the reference policy), `data` (of `data.split`).
/// Output: a model folder and `curve.jsonl`: per step also mean `reward`, `kl`, `entropy`, `response_tokens`, the shares of
/// answers that are `right`, `well_formed`, `ended`, and of prompts that are left out (`skipped_groups`); `summary.json`: steps
/// done, first and last means, why it ended early if it did.
package struct RLTrain: StageKind {
    package static let name = "rl.train"
    package static let revision = 2
    package static let inputs: [InputDeclaration] = [.required("model"), .required("data")]

    /// Per prompt.
    package var rollouts: Int
    /// New tokens of a rollout at most.
    package var tokens: Int
    package var samplingTemperature: Double
    /// Of the probability ratio.
    package var clip: Double
    /// Weight of the divergence from the reference policy.
    package var kl: Double
    /// Weights of the right name and of the right arguments in the reward.
    package var nameReward: Double
    package var argumentsReward: Double
    package var training: TrainingParameters
    package var prompt: PromptStyle
    /// What answers consist of; absent for calls.
    package var answer: AnswerStyle?
    /// Updates of the weights on each batch of answers; absent for one.
    package var updates: Int?

    package init(
        rollouts: Int, tokens: Int, samplingTemperature: Double, clip: Double, kl: Double, nameReward: Double,
        argumentsReward: Double, training: TrainingParameters, prompt: PromptStyle, answer: AnswerStyle? = nil,
        updates: Int? = nil
    ) {
        self.rollouts = rollouts
        self.tokens = tokens
        self.samplingTemperature = samplingTemperature
        self.clip = clip
        self.kl = kl
        self.nameReward = nameReward
        self.argumentsReward = argumentsReward
        self.training = training
        self.prompt = prompt
        self.answer = answer
        self.updates = updates
    }

    package var runsModel: Bool { true }
    package func memory(_ inputs: [String: Int]) -> Int { Memory.reinforcement(inputs) }
}
