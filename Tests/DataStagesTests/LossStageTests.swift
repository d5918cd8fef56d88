import CanonicalJSON
import Foundation
import Testing
import Words

@testable import Engine
@testable import Kinds
@testable import Stages

/// `eval.loss`, and the length that a training allows.
@Suite struct LossStageTests {
    private static let rows = (0..<12).map { index -> Row in
        var row = Row(id: "row-\(index)", query: "colour \(index)", answers: [])
        row.reply = ["red", "dark green", "blue"][index % 3]
        return row
    }

    /// The inputs `model` and `data` of a task with labels.
    private static func inputs() throws -> [String: Data] {
        let lines = rows.map(\.json.canonicalText).joined(separator: "\n")
        let data = [
            "data/functions.json": "[]", "data/task.json": #"{"kind":"classify","labels":["blue","dark green","red"]}"#,
            "data/train.jsonl": lines, "data/test.jsonl": lines,
        ].mapValues { Data($0.utf8) }
        let tokenizer = try StageRun(TokenizerTrain(vocabulary: 290, prompt: .query), inputs: data).folder(as: "tokenizer")
        let shape = ModelShape(hidden: 16, layers: 2, heads: 2, kvHeads: 1, intermediate: 24, tied: true)
        let model = try StageRun(ModelInit(shape: shape, seed: 1), inputs: tokenizer).folder(as: "model")
        return data.merging(model) { $1 }
    }

    private static func training(maxLength: Int? = nil) -> TrainSFT {
        TrainSFT(
            training: TrainingParameters(
                steps: 1, batch: 12, learningRate: 1e-3, optimizer: .adamW, maxLength: maxLength))
    }

    @Test func aSetsLossIsWhatTrainingOnItBeginsWith() throws {
        let inputs = try Self.inputs()
        let found = try #require(try StageRun(EvalLoss(sets: ["test"]), inputs: inputs).json("loss.json")["sets"]?["test"])
        // The first step's loss is that of all rows, before any update.
        let first = try #require(try StageRun(Self.training(), inputs: inputs).lines("curve.jsonl").first)
        let (loss, trained) = (try #require(found["loss"]?.double), try #require(first["loss"]?.double))
        #expect(abs(loss - trained) < 1e-4, "\(loss), \(trained)")
        #expect(found["rows"] == 12)
        #expect(try #require(found["tokens"]?.integer) > 24)
    }

    @Test func aSetWithoutRowsIsNamed() throws {
        let inputs = try Self.inputs()
        let failure = #expect(throws: StageFailure.self) { try StageRun(EvalLoss(sets: ["valid"]), inputs: inputs) }
        #expect(failure?.description.contains("no rows in the set 'valid'") == true)
    }

    @Test func rowsLongerThanAllowedLoseTheirEndAndAreCounted() throws {
        let inputs = try Self.inputs()
        func lengths(_ limit: Int) throws -> JSON {
            try StageRun(Self.training(maxLength: limit), inputs: inputs).json("lengths.json")
        }
        #expect(try lengths(1000) == ["max_length": 1000, "rows": 12, "cut": 0, "left_out": 0])
        let middle = (3...80).lazy.compactMap { try? lengths($0) }.first { ($0["cut"]?.integer ?? 0) > 0 }
        let counts = try #require(middle)
        #expect(try #require(counts["cut"]?.integer) + (try #require(counts["left_out"]?.integer)) <= 12)
        let failure = #expect(throws: StageFailure.self) { try lengths(2) }
        #expect(failure?.description.contains("no row has an answer within 'max_length', 2 tokens") == true)
        #expect(try !StageRun(Self.training(), inputs: inputs).files.contains("lengths.json"))
    }
}
