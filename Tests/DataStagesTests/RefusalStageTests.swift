import CanonicalJSON
import Foundation
import Testing
import Words

@testable import Engine
@testable import Kinds
@testable import Stages

/// What a threshold decides by is found beside a model's answers.
@Suite struct RefusalStageTests {
    private static let rows = (0..<6).map { index in
        Row(
            id: "row-\(index)", query: "play song \(index)", functions: ["play", "stop"],
            answers: index.isMultiple(of: 2) ? [FunctionCall(name: "play", arguments: ["song": .string("song \(index)")])] : [])
    }

    /// The inputs `model` and `data`, the model as its weights were drawn.
    private static func inputs() throws -> [String: Data] {
        let functions: JSON = [
            [
                "name": "play", "description": "Plays.",
                "parameters": ["properties": ["song": ["type": "string", "copy": true]]],
            ],
            ["name": "stop", "description": "Stops.", "parameters": ["properties": [:]]],
        ]
        let lines = rows.map(\.json.canonicalText).joined(separator: "\n")
        let data = [
            "data/functions.json": functions.canonicalText, "data/train.jsonl": lines, "data/test.jsonl": lines,
            "data/valid.jsonl": lines,
        ].mapValues { Data($0.utf8) }
        let tokenizer = try StageRun(TokenizerTrain(vocabulary: 300, prompt: .tools), inputs: data).folder(as: "tokenizer")
        let shape = ModelShape(hidden: 16, layers: 2, heads: 2, kvHeads: 1, intermediate: 24, tied: true)
        let model = try StageRun(ModelInit(shape: shape, seed: 1), inputs: tokenizer).folder(as: "model")
        return data.merging(model) { $1 }
    }

    @Test func everyAnswerHasTheLikelihoodOfNoCall() throws {
        let inputs = try Self.inputs()
        let sets = ["test", "valid"]
        let plain = EvalGenerate(sets: sets, maxTokens: 48, prompt: .tools, answer: .call, constrained: true)
        var asking = plain
        asking.refusals = true
        let run = try StageRun(asking, inputs: inputs)
        let lines = try run.lines("test.jsonl")
        #expect(lines.count == Self.rows.count)
        for line in lines {
            let likelihood = try #require(line["refusal"]?["likelihood"]?.double)
            #expect(likelihood >= 0 && likelihood < 1 && line["refusal"]?["tokens"]?.integer ?? 0 > 0)
            let calls = try CallParser.calls(in: line["response"]?.string ?? "").get()
            let other = try line["refusal"]?["call"]?.string.map { try CallParser.calls(in: $0).get() }
            #expect(calls.isEmpty == (other != nil) && other?.isEmpty != true)
        }
        // What the model says stays what it was.
        let before = try StageRun(plain, inputs: inputs).lines("test.jsonl")
        #expect(before.map { $0["response"] } == lines.map { $0["response"] } && before.allSatisfy { $0["refusal"] == nil })
        let answers = inputs.merging(try run.folder(as: "answers")) { $1 }
        // Nothing is as probable as 1, and everything as probable as 0.
        for (threshold, isRefused) in [(1.0, false), (0.0, true)] {
            let decided = try StageRun(EvalDecide(sets: ["test"], threshold: threshold), inputs: answers)
            let responses = try decided.lines("test.jsonl").compactMap { $0["response"]?.string }
            #expect(responses.count == Self.rows.count && responses.allSatisfy { ($0 == "[]") == isRefused })
            var scoring = answers.filter { !$0.key.hasPrefix("answers/") }
            scoring.merge(try decided.folder(as: "answers")) { $1 }
            let scores = try StageRun(EvalScore(sets: ["test"], arguments: true), inputs: scoring).json("scores.json")
            let test = try #require(scores["sets"]?["test"])
            #expect(test["no_call_ar"] == (isRefused ? 1 : 0) && test["argument_recall"]?.double != nil)
            #expect(test["argument_precision"] == .null || !isRefused)
        }
    }

    /// A model that is drawn gets nothing right, and says so before it is trained.
    @Test func aCurriculumOfNothingIsRefused() throws {
        let stage = RLTrain(
            rollouts: 2, tokens: 3, training: TrainingParameters(steps: 1, learningRate: 1e-3), prompt: .tools, curriculum: 4)
        #expect {
            _ = try StageRun(stage, inputs: Self.inputs())
        } throws: { error in
            "\(error)".hasPrefix("of 4 prompts, ") && "\(error)".contains("raise 'curriculum'")
        }
    }
}
