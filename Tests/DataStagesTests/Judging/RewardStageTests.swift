import CanonicalJSON
import Foundation
import Testing
import Words

@testable import Engine
@testable import Kinds
@testable import Stages

/// `rl.train` with terms of its own.
@Suite struct RewardStageTests {
    private static let rows = (0..<4).map { index -> Row in
        var row = Row(id: "row-\(index)", query: "colour \(index)", answers: [])
        row.reply = index % 2 == 0 ? "red" : "blue"
        return row
    }

    private static func inputs() throws -> [String: Data] {
        let data = [
            "data/functions.json": "[]", "data/task.json": #"{"kind":"classify","labels":["blue","red"]}"#,
            "data/train.jsonl": rows.map(\.json.canonicalText).joined(separator: "\n"),
        ].mapValues { Data($0.utf8) }
        let tokenizer = try StageRun(TokenizerTrain(vocabulary: 280, prompt: .query), inputs: data).folder(as: "tokenizer")
        let shape = ModelShape(hidden: 16, layers: 1, heads: 2, kvHeads: 1, intermediate: 24, tied: true)
        let model = try StageRun(ModelInit(shape: shape, seed: 1), inputs: tokenizer).folder(as: "model")
        return data.merging(model) { $1 }
    }

    private static func training(steps: Int, maxLength: Int? = nil) -> TrainingParameters {
        TrainingParameters(steps: steps, batch: 2, learningRate: 1e-4, optimizer: .adamW, maxLength: maxLength)
    }

    /// A model that nobody taught says nothing well formed: its reward is the recipe's for that.
    @Test func theCurveHasWhatEachTermAdds() throws {
        let stage = RLTrain(rollouts: 2, tokens: 3, training: Self.training(steps: 2), malformedReward: -3)
        let run = try StageRun(stage, inputs: Self.inputs())
        let curve = try run.lines("curve.jsonl")
        #expect(curve.count == 2)
        for step in curve {
            let terms = (step.object ?? [:]).filter { $0.key.hasPrefix("reward_") }.compactMapValues(\.double)
            #expect(terms["malformed"] == nil && terms["reward_malformed"] == -3)
            #expect(step["reward"]?.double == terms.values.reduce(0, +))
        }
        #expect(try run.json("summary.json")["reward_malformed"]?["last"] == -3)
    }

    @Test func promptsThatLeaveNoRoomAreLeftOut() throws {
        let stage = RLTrain(rollouts: 2, tokens: 2, training: Self.training(steps: 1, maxLength: 2))
        let failure = #expect(throws: StageFailure.self) { try StageRun(stage, inputs: Self.inputs()) }
        #expect(failure?.description.contains("no row has an answer within 'max_length', 2 tokens") == true)
    }

    @Test func aJudgeBehindAnEndpointIsRefused() throws {
        var question = ModelQuestion.standard
        question.endpoint = EndpointParameters(model: "small")
        let stage = RLTrain(
            rollouts: 2, tokens: 2, training: Self.training(steps: 1), judgeReward: 1, judge: .model, question: question)
        let failure = #expect(throws: StageFailure.self) { try StageRun(stage, inputs: Self.inputs()) }
        #expect(failure?.description.contains("a judge behind an endpoint cannot be asked") == true)
    }

    /// A program reads each well-formed answer and gives it a number.
    @Test func aCommandGivesNumbers() throws {
        let folder = try Self.folder()
        defer { try? FileManager.default.removeItem(at: folder) }
        func values(_ script: String) throws -> [Double] {
            let outputs = folder.appending(path: "run/outputs", directoryHint: .isDirectory)
            try FileManager.default.createDirectory(at: outputs, withIntermediateDirectories: true)
            let context = StageContext(inputs: folder, outputs: outputs, threads: 1, reportProgress: { _ in })
            let reader = try context.responseRows(.query)
            let rewards = try RolloutRewards(
                RLTrain(execReward: 4, command: ["sh", "-c", script]), rows: Self.rows, reader: reader, in: context)
            let answers = ["red", "nothing", "blue"].map { Self.answer($0, reader) }
            return try rewards.rewards(of: answers).map(\.value)
        }
        let found = try values(
            #"sed -e 's/.*"response":"red.*/1/' -e 's/.*"response":"blue.*/0.25/' "#
                + "inputs/answers/answers.jsonl > outputs/rewards.jsonl")
        #expect(found == [6, -1, 2])
        let failure = #expect(throws: StageFailure.self) { try values("echo 1 > outputs/rewards.jsonl") }
        #expect(failure?.description.contains("wrote 1 numbers to outputs/rewards.jsonl for 2 answers") == true)
        let outside = #expect(throws: StageFailure.self) { try values("printf '0\\n7\\n' > outputs/rewards.jsonl") }
        #expect(outside?.description.contains("line 2") == true)
    }

    private static func folder() throws -> URL {
        let folder = URL.temporaryDirectory.appending(path: "rewards-\(UUID().uuidString)", directoryHint: .isDirectory)
        for (path, content) in try inputs() {
            let file = folder.appending(path: path)
            try FileManager.default.createDirectory(at: file.deletingLastPathComponent(), withIntermediateDirectories: true)
            try content.write(to: file)
        }
        return folder
    }

    /// An answer to the first row that ended.
    private static func answer(_ text: String, _ reader: ResponseRows) -> PolicyTrainer.PromptedAnswer {
        let tokens = reader.prompts.responseTokens(of: text).dropLast()
        return PolicyTrainer.PromptedAnswer(prompt: 0, answer: GeneratedSequence(tokens: Array(tokens), end: .stopToken))
    }

    /// Rules judge each well-formed answer.
    @Test func theJudgesWordIsRewarded() throws {
        let folder = try Self.folder()
        defer { try? FileManager.default.removeItem(at: folder) }
        let context = StageContext(inputs: folder, outputs: folder, threads: 1, reportProgress: { _ in })
        let reader = try context.responseRows(.query)
        let rewards = try RolloutRewards(
            RLTrain(judgeReward: 2, lengthReward: 1, lengthTokens: 1000, judge: .exact), rows: Self.rows, reader: reader,
            in: context)
        let answers = ["red", "blue", "red and blue"].map { Self.answer($0, reader) }
        let found = try rewards.rewards(of: answers)
        #expect(found.map(\.value) == [5, 2, -1])
        #expect(
            found[0].terms == ["format": 1, "names": 0.5, "arguments": 0.5, "malformed": 0, "judge": 2, "length": 1])
        #expect(found[1].terms["judge"] == 0)
    }
}
