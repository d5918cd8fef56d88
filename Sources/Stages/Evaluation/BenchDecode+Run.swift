import BuildModel
import CanonicalJSON
import Engine
import Kinds

extension BenchDecode: RunnableStage {
    static let speed = File<JSON>("speed.json")
    package static let artifact: [Output] = [.figures(speed)]

    /// A model with fewer positions is too short to be measured.
    private static let fewestPositions = 8

    package func run(in context: StageContext) throws {
        guard promptTokens > 0, newTokens > 0, rounds > 0 else {
            throw StageFailure("bench.decode needs at least one prompt token, one new token and one round")
        }
        let model = try context.unpaddedInferenceModel("model")
        let configuration = model.model.configuration
        let positions = configuration.maximumPositions
        guard positions >= Self.fewestPositions else {
            throw StageFailure(
                "the model reads \(positions) tokens at most, too few to measure its speed; it takes \(Self.fewestPositions)")
        }
        // The model generates one more token, which it does not read: prompt and new tokens fill the positions.
        let new = min(newTokens, positions / 2)
        let prompt = (0..<min(promptTokens, positions - new)).map { Int32($0 * 7 % configuration.vocabularySize) }
        let speeds = try speeds(of: Generator(model, workers: context.workers), continuing: prompt, by: new, in: context)
        try context.write(
            [
                "tokens_per_second": .number(speeds.max() ?? 0), "rounds": .array(speeds.map(JSON.number)),
                "prompt_tokens": .count(prompt.count), "new_tokens": .count(new),
                "threads": .count(context.workers.threads),
            ],
            to: Self.speed)
    }

    /// Tokens a second of each round. The time of the prompt and the first token is subtracted.
    private func speeds(
        of generator: Generator, continuing prompt: [Int32], by new: Int, in context: StageContext
    ) throws -> [Double] {
        // A first run, outside the rounds, does what is done only once.
        _ = try Self.seconds(of: generator, continuing: prompt, by: 1)
        var firsts: [Double] = []
        var wholes: [Double] = []
        for round in 1...rounds {
            firsts.append(try Self.seconds(of: generator, continuing: prompt, by: 1))
            wholes.append(try Self.seconds(of: generator, continuing: prompt, by: new + 1))
            context.report(StageProgress(done: round, total: rounds, unit: "round"))
        }
        // The fastest one: a delayed one would make the later tokens seem faster than they are.
        let first = firsts.min() ?? 0
        return wholes.map { Double(new) / max($0 - first, 1e-9) }
    }

    private static func seconds(of generator: Generator, continuing prompt: [Int32], by count: Int) throws -> Double {
        var answers: [GeneratedSequence] = []
        let time = try ContinuousClock().measure {
            answers = try generator.generate([GenerationPrompt(prompt)], options: GenerationOptions(maximumTokens: count))
        }
        guard answers.first?.tokens.count == count else {
            throw StageFailure("the model gave \(answers.first?.tokens.count ?? 0) tokens where \(count) were to be timed")
        }
        return time / .seconds(1)
    }
}
