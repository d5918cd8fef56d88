import CanonicalJSON
import Engine
import Kinds

/// The prompts that a policy gets right at times, which reinforcement learning learns from: the easiest first.
struct Curriculum {
    /// Places of prompts, by falling success of the start; of equal ones, in the order of the prompts.
    let places: [Int]
    private let tried: Int
    private let alwaysRight: Int
    private let alwaysWrong: Int

    /// Asks the model that reinforcement learning starts from.
    ///
    /// - Parameters:
    ///   - kind: says how many prompts are tried, spread evenly over all, and how answers are sampled.
    ///   - rewards: of answers, which say whether they are right.
    /// - Throws: where every prompt that was tried is always right or always wrong.
    init(
        _ kind: RLTrain, of prompts: [[Int32]], endToken: Int32, in context: StageContext,
        rewards: ([PolicyTrainer.PromptedAnswer]) throws -> [Reward]
    ) throws {
        let asked = Array(prompts.indices).evenlySpread(kind.curriculum)
        let sampling = GenerationOptions(
            maximumTokens: kind.tokens, stopTokens: [endToken], temperature: kind.samplingTemperature, samples: kind.rollouts,
            seed: UInt64(bitPattern: Int64(kind.training.seed)))
        let answers = try Generator(context.unpaddedInferenceModel("model"), workers: context.workers)
            .generate(asked.map { GenerationPrompt(prompts[$0]) }, options: sampling)
        let graded = try rewards(
            answers.enumerated().map { .init(prompt: asked[$0 / kind.rollouts], answer: $1) })
        let right = asked.indices.map { place in
            graded[place * kind.rollouts..<(place + 1) * kind.rollouts].count(where: \.isRight)
        }
        alwaysRight = right.count { $0 == kind.rollouts }
        alwaysWrong = right.count { $0 == 0 }
        tried = asked.count
        let kept = asked.indices.filter { right[$0] > 0 && right[$0] < kind.rollouts }
        places = kept.sorted { (right[$1], $0) < (right[$0], $1) }.map { asked[$0] }
        guard !places.isEmpty else {
            throw StageFailure(
                "of \(tried) prompts, \(alwaysRight) are answered rightly \(kind.rollouts) times of \(kind.rollouts), and "
                    + "\(alwaysWrong) never, so that nothing is learned from any; raise 'curriculum' or 'rollouts', or start "
                    + "from a model that is right at times")
        }
        context.log(
            "\(places.count) of \(tried) prompts are right at times; \(alwaysRight) always are, and \(alwaysWrong) never")
    }

    var json: JSON {
        [
            "tried": .count(tried), "kept": .count(places.count), "always_right": .count(alwaysRight),
            "always_wrong": .count(alwaysWrong),
        ]
    }
}
