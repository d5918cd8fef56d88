/// Reinforcement learning from rewarded rollouts: REINFORCE++-baseline with the k2 divergence (METHODS: RL).
///
/// Inputs: `model` (also the reference policy), `data` (of `data.split`).
/// Output: a model folder and `curve.jsonl`: per step also mean `reward`, `kl`, `entropy`, `response_tokens`, the shares of
/// answers that are `right`, `well_formed`, `ended`, and of prompts that are left out (`skipped_groups`); `summary.json`: steps
/// done, first and last means, why it ended early if it did.
public struct RLTrain: StageKind {
    public static let name = "rl.train"
    public static let revision = 2
    public static let inputs: [InputDeclaration] = [.required("model"), .required("data")]

    /// Per prompt.
    public var rollouts: Int
    /// New tokens of a rollout at most.
    public var tokens: Int
    public var samplingTemperature: Double
    /// Of the probability ratio.
    public var clip: Double
    /// Weight of the divergence from the reference policy.
    public var kl: Double
    /// Weights of the right name and of the right arguments in the reward.
    public var nameReward: Double
    public var argumentsReward: Double
    public var training: TrainingParameters
    public var prompt: PromptStyle
    /// What answers consist of; absent for calls.
    public var answer: AnswerStyle?
    /// Updates of the weights on each batch of answers; absent for one.
    public var updates: Int?

    public init(
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

    public var runsModel: Bool { true }
    public func memory(_ inputs: [String: Int]) -> Int { Memory.reinforcement(inputs) }
}
