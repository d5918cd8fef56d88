import BuildModel
import CanonicalJSON
import EncoderFixtures
import Foundation
import Synchronization
import TestSupport
import Words

@testable import Engine
@testable import Kinds
@testable import Stages

/// A folder with the inputs of every kind that keeps checkpoints, and one stage's place to work, kept between attempts.
final class CheckpointWorkshop {
    /// What one attempt at a stage did.
    struct Attempt {
        /// The digest of the output files; `nil` where the stage was stopped.
        var outputs: Digest?
        var progress: [StageProgress]
        var log: [String]
    }

    private let temporary = TemporaryFolder()
    var root: URL { temporary.url }
    var checkpointFolder: URL { root.appending(path: "checkpoint", directoryHint: .isDirectory) }
    var checkpointFile: URL { checkpointFolder.appending(path: "state") }

    /// Every kind that keeps checkpoints. Each offers one several times: twelve steps, answers, groups of 16 rows, or windows.
    static let stages: [any RunnableStage] = [
        training(.muon), training(.adamW), adapting, validated(patience: nil), validated(patience: 2),
        KDTrain(
            loss: [LossTerm(.forwardKL, weight: 0.5), LossTerm(.crossEntropy, weight: 0.5)], temperature: 1,
            promptShare: 0, tail: .lump, training: parameters(.muon)),
        KDOnPolicy(
            loss: [LossTerm(.reverseKL, weight: 1)], temperature: 1, tokens: 6, fraction: 0.5, samplingTemperature: 0.9,
            training: parameters(.muon), prompt: .query, answer: .call),
        KDDirect(
            loss: [LossTerm(.forwardKL, weight: 0.5), LossTerm(.crossEntropy, weight: 0.5)], k: 5,
            training: parameters(.muon)),
        KDTrain(loss: [LossTerm(.aligned)], training: parameters(.muon)),
        KDOnPolicy(loss: [LossTerm(.aligned)], tokens: 6, fraction: 0.5, training: parameters(.muon)),
        DPOTrain(beta: 0.2, training: parameters(.adamW), prompt: .query),
        Sample(samples: 2, temperature: 0.9, maxTokens: 6, seed: 4, prompt: .query, answer: .call),
        EvalGenerate(sets: ["test", "train"], maxTokens: 6, prompt: .query, answer: .call), KDCapture(k: 5, prompt: .query),
        PruneScore(method: .depth, samples: 100, set: "train", prompt: .query),
        PruneScore(method: .width, samples: 100, set: "train", prompt: .query),
        PruneApply(
            method: .width, ratio: 0.3, granularity: .init(hidden: 4, intermediate: 4),
            search: .init(tolerance: 0.1, samples: 20)),
        PruneApply(method: .osscar, intermediate: 16, damping: 0.01),
        EvalPerplexity(stride: 30, context: 50), DataRetrieve(method: .embedding, topK: 1, addMissed: false),
        RLTrain(
            rollouts: 4, tokens: 48, samplingTemperature: 1, clip: 0.2, kl: 0.01, nameReward: 0.5, argumentsReward: 0.5,
            training: parameters(.muon), prompt: .query, updates: 2),
        EvalScore(judge: .model, sets: ["test"], answer: .call, question: ModelQuestion(prompt: "{answer}", endpoint: nil)),
    ]

    static func training(_ optimizer: OptimizerKind, steps: Int = 12, seed: Int = 3) -> TrainSFT {
        TrainSFT(training: parameters(optimizer, steps: steps, seed: seed), prompt: .query)
    }

    private static var adapting: TrainSFT {
        var stage = training(.adamW)
        stage.training.lora = LowRankParameters(rank: 2, alpha: 4, targets: [.query, .down])
        return stage
    }

    /// Looks at the set `valid` at every other step; with patience, at a rate that soon leads nowhere.
    static func validated(patience: Int?) -> TrainSFT {
        var training = parameters(.adamW)
        training.learningRate = patience == nil ? 0.01 : 0.1
        training.validation = ValidationParameters(every: 2, patience: patience, prompt: .query)
        return TrainSFT(training: training, prompt: .query)
    }

    private static func parameters(
        _ optimizer: OptimizerKind, steps: Int = 12, seed: Int = 3
    ) -> TrainingParameters {
        .init(
            steps: steps, batch: 4, learningRate: 0.01, optimizer: optimizer, warmup: 0.1, weightDecay: 0.01, seed: seed)
    }

    init() throws {
        let rows = (0..<150).map { index in
            Row(
                id: "row-\(index)", query: "play song \(index)",
                answers: [FunctionCall(name: "play", arguments: ["song": .integer(Int64(index))])])
        }
        let lines = rows.map(\.json.canonicalText)
        try write(
            #"[{"name":"play","parameters":{"type":"object","properties":{"song":{"type":"integer"}}}}]"#,
            "data/functions.json")
        try write(lines.joined(separator: "\n"), "data/train.jsonl")
        try write(lines.suffix(9).joined(separator: "\n"), "data/valid.jsonl")
        try write(lines.prefix(70).joined(separator: "\n"), "data/test.jsonl")
        try write((0..<20).map { "play song \($0) again" }.joined(separator: "\n"), "text/text.txt")
        for (file, content) in SmallEncoder.files() { try write(content, file) }
        try keep(TokenizerTrain(vocabulary: 280, prompt: .query), as: "tokenizer")
        let shape = ModelShape(hidden: 16, layers: 2, heads: 2, kvHeads: 1, intermediate: 24, tied: true)
        try keep(ModelInit(shape: shape, seed: 1), as: "model")
        // Trained a little, so that its answers differ.
        try keep(Self.training(.muon, steps: 60), as: "model")
        try keep(PruneScore(method: .width, samples: 100, set: "train", prompt: .query), as: "scores")
        try FileManager.default.copyItem(at: input("model"), to: input("teacher"))
        try FileManager.default.copyItem(at: input("model"), to: input("judge"))
        let answers = (0..<70).map { #"{"id":"row-\#($0)","response":"answer \#($0)","response_tokens":2}"# }
        try write(answers.joined(separator: "\n"), "answers/test.jsonl")
        let accepted = rows.map {
            JSON.object(["id": .string($0.id), "response": .string(PromptStyle.response(to: $0))]).canonicalText
        }
        try write(accepted.joined(separator: "\n"), "judged/accepted.jsonl")
        try write(
            rows.map { JSON.object(["id": .string($0.id), "response": "[]"]).canonicalText }.joined(separator: "\n"),
            "judged/rejected.jsonl")
        try keep(KDCapture(k: 5, prompt: .query), as: "logits")
        // Its rows' own answers are what `train.sft` learns here.
        try FileManager.default.moveItem(at: input("judged"), to: root.appending(path: "judged"))
    }

    static func action(of stage: any RunnableStage) throws -> Action {
        let kind = type(of: stage)
        return Action(
            kind: kind.name, revision: kind.revision, parameters: try stage.json, inputs: [], numerics: .portable)
    }

    /// Runs the stage without checkpoints.
    func whole(_ stage: any RunnableStage) throws -> Digest? { try run(stage, with: nil).outputs }

    /// Makes an attempt at the stage as a build does: from nothing but the inputs and the checkpoint.
    ///
    /// - Parameter stop: asks the stage to end, once told of this progress.
    func attempt(
        _ stage: any RunnableStage, interval: Duration = .zero,
        stop: @escaping @Sendable (StageProgress) -> Bool = { _ in false }
    ) throws -> Attempt {
        let log = Mutex<[String]>([])
        let checkpoint = Checkpoint(
            directory: checkpointFolder, action: try Self.action(of: stage), interval: interval
        ) { line in
            log.withLock { $0.append(line) }
        }
        defer { checkpoint.close() }
        var attempt = try run(stage, with: checkpoint) { progress in
            if stop(progress) { _ = checkpoint.requestStop() }
        }
        attempt.log = log.withLock { $0 }
        return attempt
    }

    func forgetCheckpoint() throws { try? FileManager.default.removeItem(at: checkpointFolder) }

    private func run(
        _ stage: any RunnableStage, with checkpoint: Checkpoint?,
        onProgress: @escaping @Sendable (StageProgress) -> Void = { _ in }
    ) throws -> Attempt {
        let outputs = root.appending(path: "outputs", directoryHint: .isDirectory)
        try? FileManager.default.removeItem(at: outputs)
        try FileManager.default.createDirectory(at: outputs, withIntermediateDirectories: true)
        let inputs = stage is KDCapture || stage is KDDirect || stage is DPOTrain ? try withJudged() : input("")
        let progress = Mutex<[StageProgress]>([])
        let context = StageContext(inputs: inputs, outputs: outputs, threads: 2, checkpoint: checkpoint) { step in
            progress.withLock { $0.append(step) }
            onProgress(step)
        }
        do {
            try stage.run(in: context)
        } catch is StageInterruption {
            return Attempt(outputs: nil, progress: progress.withLock { $0 }, log: [])
        }
        return Attempt(outputs: try Self.digest(of: outputs), progress: progress.withLock { $0 }, log: [])
    }

    /// The inputs with the judge's, which `train.sft` must not see.
    private func withJudged() throws -> URL {
        let folder = root.appending(path: "capture", directoryHint: .isDirectory)
        guard !FileManager.default.fileExists(atPath: folder.path) else { return folder }
        guard FileManager.default.fileExists(atPath: root.appending(path: "judged").path) else { return input("") }
        try FileManager.default.copyItem(at: input(""), to: folder)
        try FileManager.default.copyItem(at: root.appending(path: "judged"), to: folder.appending(path: "judged"))
        return folder
    }

    private func input(_ name: String) -> URL { root.appending(path: "inputs/\(name)", directoryHint: .isDirectory) }

    private func write(_ text: String, _ file: String) throws { try write(Data(text.utf8), file) }

    private func write(_ content: Data, _ file: String) throws {
        let url = root.appending(path: "inputs/\(file)")
        try FileManager.default.createDirectory(at: url.deletingLastPathComponent(), withIntermediateDirectories: true)
        try content.write(to: url)
    }

    /// Runs a stage whose output is an input of the others.
    func keep(_ stage: any RunnableStage, as name: String) throws {
        _ = try whole(stage)
        try? FileManager.default.removeItem(at: input(name))
        try FileManager.default.moveItem(at: root.appending(path: "outputs"), to: input(name))
    }

    private static func digest(of folder: URL) throws -> Digest {
        let files = try FileManager.default.contentsOfDirectory(atPath: folder.path).sorted()
        return Digest(
            hashing: try files.map { "\($0) \(Digest(hashing: try Data(contentsOf: folder.appending(path: $0))))" }
                .joined(separator: "\n"))
    }
}
