import CanonicalJSON
import Engine
import Foundation
import TestSupport
import Testing
import Words

@testable import Kinds
@testable import Stages

/// Models learn tasks in words, from the rows to the scores.
@Suite struct TaskTrainingTests {
    private let folder = TemporaryFolder()

    /// Runs a stage and keeps its output as an input of those that follow.
    private func run(_ stage: any RunnableStage, as name: String, threads: Int = 2) throws {
        let outputs = folder.url.appending(path: "outputs/\(name)", directoryHint: .isDirectory)
        try FileManager.default.createDirectory(at: outputs, withIntermediateDirectories: true)
        let inputs = folder.url.appending(path: "inputs", directoryHint: .isDirectory)
        try stage.run(in: StageContext(inputs: inputs, outputs: outputs, threads: threads, reportProgress: { _ in }))
        try? FileManager.default.removeItem(at: inputs.appending(path: name))
        try FileManager.default.moveItem(at: outputs, to: inputs.appending(path: name))
    }

    private func json(_ path: String) throws -> JSON {
        try JSON(parsing: Data(contentsOf: folder.url.appending(path: "inputs/\(path)")))
    }

    private func lines(_ path: String) throws -> [JSON] {
        try String(contentsOf: folder.url.appending(path: "inputs/\(path)"), encoding: .utf8).split(separator: "\n")
            .map { try JSON(parsing: String($0)) }
    }

    private func write(_ rows: [(query: String, reply: String)], to path: String) throws {
        let lines = rows.enumerated().map { index, row in
            JSON.object(["id": .string("\(path)-\(index)"), "query": .string(row.query), "reply": .string(row.reply)])
                .canonicalText
        }
        try folder.write(lines.joined(separator: "\n"), to: "inputs/\(path)")
    }

    private static let subjects = ["card", "money", "account", "phone", "key", "bag"]
    private static let places = ["at home", "in town", "on a train", "again", "today", "since monday"]

    /// The label hangs on one word of the query, the object on two.
    private static func rows(_ reply: (_ subject: String, _ place: String, _ isLost: Bool) -> String) -> [(String, String)] {
        subjects.flatMap { subject in
            places.flatMap { place in
                [true, false].map { isLost in
                    ("i \(isLost ? "lost" : "found") the \(subject) \(place)", reply(subject, place, isLost))
                }
            }
        }
    }

    /// Ingests, splits, and makes a model that has learned the rows a little.
    private func teach(_ ingest: DataIngest, _ rows: [(String, String)], steps: Int, dropout: Double = 0) throws {
        try write(rows, to: "train.0/rows.jsonl")
        try run(ingest, as: "data")
        var split = DataSplit()
        (split.test, split.valid) = (0.2, 0)
        try run(split, as: "data")
        try run(TokenizerTrain(vocabulary: 320, prompt: .query), as: "tokenizer")
        let shape = ModelShape(hidden: 32, layers: 2, heads: 2, kvHeads: 1, intermediate: 48, tied: true)
        try run(ModelInit(shape: shape, seed: 1), as: "model")
        var training = TrainSFT(training: .init(steps: steps, batch: 16, learningRate: 0.01, seed: 1), prompt: .query)
        training.tokenDropout = dropout
        try run(training, as: "model")
    }

    private func scores(constrained: Bool) throws -> JSON {
        var generate = EvalGenerate(sets: ["test"], maxTokens: 48, prompt: .query, answer: .call)
        generate.constrained = constrained
        try run(generate, as: "answers")
        try run(EvalScore(judge: .ast, sets: ["test"], answer: .call), as: "scores")
        return try json("scores/scores.json")["sets"]?["test"] ?? [:]
    }

    @Test func labelsAreLearnedAndRewarded() throws {
        var ingest = DataIngest()
        ingest.task = .classify
        try teach(ingest, Self.rows { _, _, isLost in isLost ? "lost_item" : "found_item" }, steps: 150, dropout: 0.1)
        #expect(try scores(constrained: true)["accuracy"] == 1)
        // The judge accepts what the model samples, and RL goes on from there.
        var sample = Sample(samples: 2, temperature: 1, maxTokens: 16, seed: 1)
        sample.constrained = true
        try run(sample, as: "rollouts")
        #expect(
            try lines("rollouts/rollouts.jsonl").allSatisfy { ["lost_item", "found_item"].contains($0["response"]?.string) })
        try run(Judge(kind: .ast, keep: 1, answer: .call), as: "judged")
        var policy = RLTrain()
        (policy.rollouts, policy.tokens) = (4, 12)
        policy.training.steps = 2
        policy.training.batch = 4
        try run(policy, as: "rl")
        let first = try #require(try json("rl/summary.json")["reward"]?["first"]?.double)
        #expect(first > 1.5, "\(first)")
    }

    @Test func objectsAreLearned() throws {
        var ingest = DataIngest()
        ingest.task = .extract
        ingest.schema = #"{"properties":{"item":{"type":"string"},"when":{"type":"string"}}}"#
        try teach(
            ingest, Self.rows { subject, place, _ in #"{"when":"\#(place)","item":"\#(subject)"}"# }, steps: 250)
        #expect(try lines("data/train.jsonl").first?["reply"]?.string?.hasPrefix(#"{"item":""#) == true)
        let scores = try scores(constrained: true)
        #expect(scores["field_f1"]?.double ?? 0 > 0.8, "\(scores)")
    }

    @Test func textsAreLearned() throws {
        var ingest = DataIngest()
        (ingest.task, ingest.instructions) = (.text, "Reply.")
        try teach(ingest, Self.rows { _, _, isLost in isLost ? "What a pity!" : "Nice." }, steps: 200)
        let scores = try scores(constrained: false)
        #expect(scores["normalized"]?.double ?? 0 > 0.8, "\(scores)")
        #expect(throws: RowError.self) { try self.scores(constrained: true) }
    }

    // MARK: Token dropout

    /// Which tokens go depends on seed and step alone.
    @Test func dropoutDependsOnNothingElse() throws {
        var ingest = DataIngest()
        ingest.task = .classify
        try teach(ingest, Self.rows { _, _, isLost in isLost ? "lost" : "found" }, steps: 1)
        var training = TrainSFT(training: .init(steps: 6, batch: 8, learningRate: 0.01, seed: 1), prompt: .query)
        training.tokenDropout = 0.3
        try run(training, as: "one", threads: 1)
        try run(training, as: "two", threads: 2)
        let weights = { (name: String) in try Data(contentsOf: folder.url.appending(path: "inputs/\(name)/model.safetensors")) }
        #expect(try weights("one") == weights("two"))
        training.tokenDropout = 0
        try run(training, as: "none")
        #expect(try weights("one") != weights("none"))
        // Markup stays, and fewer tokens are read.
        let tokens = { (name: String) in
            try lines("\(name)/curve.jsonl").compactMap { $0["tokens"]?.integer }.reduce(0, +)
        }
        #expect(try tokens("one") < tokens("none"))
    }
}
