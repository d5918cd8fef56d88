import BuildModel
import CanonicalJSON
import DecantCLI
import Diagnostics
import Engine
import Foundation
import Planner
import RecipeLanguage

/// What is counted: small, on one thread, with `portable` numerics, and the same at every run.
enum Workload {
    /// Reads a recipe and plans its stages.
    case planning(recipe: String)
    /// The whole command `build`, where everything is built.
    case noOp(recipe: String, store: String)
    /// Two steps of a training, the second with everything allocated.
    case training
    /// Two prompts, read and continued.
    case decoding
    /// Keys of many actions, and a file.
    case hashing

    init?(_ arguments: [String]) {
        switch (arguments.first, arguments.count) {
        case ("planning", 2): self = .planning(recipe: arguments[1])
        case ("no-op", 3): self = .noOp(recipe: arguments[1], store: arguments[2])
        case ("training", 1): self = .training
        case ("decoding", 1): self = .decoding
        case ("hashing", 1): self = .hashing
        default: return nil
        }
    }

    /// The work, with all that it needs at hand; it gives an exit status.
    func prepared() throws -> () throws -> Int32 {
        switch self {
        case .planning(let recipe): try Self.planning(of: recipe)
        case .noOp(let recipe, let store): Self.command(["build", recipe, "--cache", store])
        case .training: try Self.trainingSteps()
        case .decoding: try Self.answers()
        case .hashing: Self.digests()
        }
    }

    private static func planning(of path: String) throws -> () throws -> Int32 {
        let text = SourceText(path: path, bytes: try Data(contentsOf: URL(filePath: path)))
        return {
            guard let recipe = RecipeReader.read(text).recipe else { return 2 }
            var files: [String: SourceSnapshot] = [:]
            for source in recipe.sources {
                files[source.name.value] = SourceSnapshot(
                    file: source.name.value, digest: Digest(hashing: source.name.value), path: source.name.value)
            }
            let planning = try Planner.plan(recipe, sources: files)
            return planning.graph.map { $0.stages.count > 1_000 } == true ? 0 : 1
        }
    }

    /// A command of the program, which runs on threads of its own.
    private static func command(_ arguments: [String]) -> () throws -> Int32 {
        {
            if let status = CommandLineProgram.prepareProcess() { return status }
            let end = DispatchSemaphore(value: 0)
            Task {
                Measured.status = await CommandLineProgram.run(arguments: arguments)
                end.signal()
            }
            end.wait()
            return Measured.status
        }
    }

    /// Small enough for a counter that takes a third of a microsecond for each product, large enough for every kernel.
    private static func model() throws -> Model {
        let shape = try ModelConfiguration(
            vocabularySize: 256, hiddenSize: 64, layerCount: 2, headCount: 4, keyValueHeadCount: 2, intermediateSize: 128)
        return Model(initializing: shape, seed: 1)
    }

    private static func tokens(_ count: Int, of row: Int) -> [Int32] {
        (0..<count).map { Int32((row * 31 + $0 * $0 * 17 + $0 * 7) % 256) }
    }

    private static func trainingSteps() throws -> () throws -> Int32 {
        let rows = (0..<8).map { TrainingExample(tokens: tokens(12 + $0, of: $0), promptLength: 6) }
        let options = TrainingOptions(steps: 4, batch: 4, learningRate: 1e-3, optimizer: .muon, products: .float32, seed: 1)
        let trainer = try Trainer(try model(), on: rows, options: options, workers: WorkerPool(threads: 1))
        return {
            for _ in 0..<2 where trainer.advance().tokens == 0 { return 1 }
            return 0
        }
    }

    private static func answers() throws -> () throws -> Int32 {
        let generator = Generator(InferenceModel(try model()), workers: WorkerPool(threads: 1))
        let prompts = [GenerationPrompt(tokens(24, of: 1)), GenerationPrompt(tokens(17, of: 2))]
        return {
            let answers = try generator.generate(prompts, options: GenerationOptions(maximumTokens: 16))
            return answers.count == 2 ? 0 : 1
        }
    }

    private static func digests() -> () throws -> Int32 {
        let file = (0..<4 << 20).map { UInt8(truncatingIfNeeded: $0 &* 31) }
        let actions = (0..<2_000).map { number in
            Action(
                kind: "kd.train", revision: 3,
                parameters: [
                    "seed": .count(number), "steps": 500, "loss": [["weight": 0.5, "kind": "FKL"]], "prompt": "query",
                ],
                inputs: ["model", "data", "logits"].map {
                    Action.Input(name: $0, artifact: Digest(hashing: "\($0) \(number)"))
                },
                numerics: .portable)
        }
        return {
            var seen: Set<Digest> = [Digest(hashing: file)]
            for action in actions { seen.insert(action.key) }
            return seen.count == actions.count + 1 ? 0 : 1
        }
    }
}
