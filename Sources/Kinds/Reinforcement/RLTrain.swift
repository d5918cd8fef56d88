import BuildModel
import Declarations
import Words

/// Reinforcement learning from rewarded rollouts: REINFORCE++-baseline with the k2 divergence (METHODS: RL).
///
/// Revision 4: the curve has what each term adds to the reward.
///
/// Inputs: `model` (also the reference policy), `data` (of `data.split`), `judge` (a model) where its verdicts are rewarded,
/// `gate` (of `judge.gate`) where the judge must have passed it, `script` (files of the command that rewards).
/// Output: a model folder and `curve.jsonl`: per step also mean `reward`, what each term adds to it (`reward_format`,
/// `reward_names`, …), `kl`, `entropy`, `response_tokens`, the shares of answers that are `right`, `well_formed`, `ended`, and of
/// prompts that are left out (`skipped_groups`); `summary.json`: steps done, first and last means, why it ended early if it
/// did; with `curriculum` how many prompts were tried, and how many were always right or always wrong.
package struct RLTrain: TrainingKind, JudgedKind {
    package static let declaration = KindDeclaration(
        "rl.train", revision: 4,
        inputs: [
            .required("model"), .required("data"), .optional("judge"), .optional("gate"), .optional("script"),
            .optional("state"),
        ],
        output: "a model folder, `curve.jsonl`, `summary.json`")

    @Spanned package var rollouts = 8
    @Spanned package var tokens = 64
    @Spanned package var samplingTemperature = 1.0
    @Spanned package var clip = 0.2
    @Spanned package var kl = 0.01
    @Spanned package var nameReward = 0.5
    @Spanned package var argumentsReward = 0.5
    package var training = TrainingParameters(steps: 100, learningRate: 5e-5)
    @Spanned package var prompt = PromptStyle.query
    @Spanned package var answer = AnswerStyle.call
    @Spanned package var updates = 1
    @Spanned package var formatReward = 1.0
    @Spanned package var judgeReward = 0.0
    @Spanned package var lengthReward = 0.0
    @Spanned package var lengthTokens = 64
    @Spanned package var malformedReward = -1.0
    @Spanned package var requiredArguments = false
    /// Whose verdicts are rewarded, where they have a weight.
    @Spanned package var judge = JudgeKind.ast
    @Spanned package var checks: [JudgeKind] = []
    /// What a judging model is asked; only where one decides.
    @Spanned package var question: ModelQuestion? = nil
    @Spanned package var execReward = 0.0
    /// The program and its arguments; `nil` where none rewards.
    @Spanned package var command: [String]? = nil
    /// 0 where prompts come as they are.
    @Spanned package var curriculum = 0

    package static let standard = Self()
    package static let parameters: [Parameter<Self>] = [
        .init(\.$rollouts, .integer("rollouts", in: 2...256, "Answers per prompt (RL).")),
        .init(\.$tokens, .sampledTokens),
        .init(\.$samplingTemperature, .number("sampling_temperature", in: 0.05...5, "Of the student's answers (oKD).")),
        .init(\.$clip, .number("clip", in: 0.01...1, "How far the probability ratio may move (RL).")),
        .init(\.$kl, .number("kl", in: 0...10, "Weight of the divergence from the first policy, estimator k2 (RL).")),
        .init(\.$nameReward, .number("name_reward", in: 0...10, "α: reward of the right function (RL).")),
        .init(\.$argumentsReward, .number("arguments_reward", in: 0...10, "β: reward of the right arguments (RL).")),
        .init(
            \.$formatReward, .number("format_reward", in: 0...10, "Reward of any well-formed answer (RL)."),
            key: .unlessStandard),
        .init(
            \.$judgeReward, .number("judge_reward", in: 0...10, "Reward of an answer that the judge accepts (RL)."),
            key: .unlessStandard),
        .init(
            \.$lengthReward, .number("length_reward", in: 0...10, "Reward of a short answer (RL)."), key: .unlessStandard),
        .init(
            \.$lengthTokens,
            .integer(
                "length_tokens", in: 1...65_536,
                "Tokens of a short answer; the reward of its length falls to nothing at twice as many (RL)."),
            key: .unlessStandard),
        .init(
            \.$malformedReward,
            .number("malformed_reward", in: -100...10, "The reward of a malformed answer, in place of all others (RL)."),
            key: .unlessStandard),
        .init(
            \.$requiredArguments,
            .flag("required_arguments", "Whether a call without a required argument is malformed (RL)."), key: .unlessStandard),
        .init(\.$judge, .judge("judge"), at: .elsewhere, key: .unlessStandard), .checks(\.$checks, at: .elsewhere),
        .question(\.$question),
        .init(
            \.$execReward, .number("exec_reward", in: 0...10, "Weight of the number that a command gives an answer (RL)."),
            key: .unlessStandard),
        .init(
            \.$command, .texts("command", "The program that gives each answer a number, and its arguments as a list."),
            at: .elsewhere),
        .init(
            \.$updates,
            .integer(
                "updates", in: 1...16, "Updates of the weights on each batch of answers; `clip` acts from the second on (RL)."),
            key: .unlessStandard),
        .init(
            \.$curriculum,
            .integer(
                "curriculum", in: 0...1_000_000,
                "Prompts that the start answers first: it learns from those that it gets right at times, the easiest first, over "
                    + "and over; 0 takes all prompts as they come (RL)."),
            key: .unlessStandard),
        .init(\.training, "training", "How the stage walks down its loss."),
        .init(\.$prompt, .prompt, at: .elsewhere),
        .init(\.$answer, .answer, at: .elsewhere, key: .unlessStandard),
    ]

    /// Nobody is asked whose word counts nothing.
    package var judges: Spanned<[JudgeKind]> { $judge.map { judgeReward > 0 ? checks + [$0] : [] } }
    /// The program that rewards takes the place of one that judges.
    package var program: JudgingProgram? { nil }

    package mutating func settle() {
        if judgeReward == 0 { (judge, checks) = (Self.standard.judge, []) }
        if execReward == 0 { command = nil }
        settleParameters()
        $tokens = $tokens.orTokens(of: $answer)
    }

    package var names: [FileName] { (command ?? []).map { FileName($0) } }
    package func memory(_ inputs: [String: Int]) -> Int { Memory.reinforcement(inputs) }
    package func operations(_ workload: Workload) -> Double? {
        workload.training(training).map { $0 * Double(rollouts) * 4 / 3 }
    }
}
