import CanonicalJSON
import Foundation
import Testing

@testable import Engine
@testable import Kinds
@testable import Stages

/// Distillation on the rows' own answers, texts among them.
@Suite struct OwnAnswerTests {
    let workshop: CheckpointWorkshop
    private static let passage = Row(passage: "play song after song, and then another one", id: "a.txt-1")

    init() throws { workshop = try CheckpointWorkshop() }

    /// The stage's inputs, without the judge's.
    private func context(outputs: String = "own") throws -> StageContext {
        let folder = workshop.root.appending(path: outputs, directoryHint: .isDirectory)
        try? FileManager.default.removeItem(at: folder)
        try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
        return StageContext(
            inputs: workshop.root.appending(path: "inputs", directoryHint: .isDirectory), outputs: folder, threads: 2,
            reportProgress: { _ in })
    }

    private func captured(_ stage: KDCapture) throws -> [TrainingExample] {
        let context = try context()
        try stage.run(in: context)
        return try CapturedLogits(SafeTensors(reading: context.output(KDCapture.logits.name))).examples
    }

    private func reader() throws -> ResponseRows {
        let context = try context()
        return ResponseRows(
            prompts: try context.modelFolder("model").prompts(.query), task: try context.readTask(), style: .query)
    }

    private func write(_ rows: [Row], _ file: String = "train.jsonl") throws {
        let lines = rows.map(\.json.canonicalText).joined(separator: "\n")
        try Data(lines.utf8).write(to: workshop.root.appending(path: "inputs/data/\(file)"))
    }

    private func rows() throws -> [Row] { try context().read(DataFiles.train, from: "data") }

    /// The judge of the workshop accepted each row's own answer, in the rows' order.
    @Test func withoutAJudgeTheRowsOwnAnswersAreScored() throws {
        let own = try captured(KDCapture(k: 5, prompt: .query))
        _ = try workshop.whole(KDCapture(k: 5, prompt: .query))
        let judged = try CapturedLogits(
            SafeTensors(reading: workshop.root.appending(path: "outputs/\(KDCapture.logits.name)"))
        ).examples
        #expect(own.count == 150)
        #expect(own == judged)
    }

    @Test func theyAreScoredInTheStyleThatIsAskedFor() throws {
        let rows = try rows()
        let reader = try reader()
        let own = try captured(KDCapture(k: 5, prompt: .query, answer: .reasoning))
        let expected = try rows.map { try reader.example(of: $0, format: .reasoning).tokens }
        #expect(own.map(\.tokens) == expected)
    }

    @Test func aPassageIsLearnedButForItsFirstToken() throws {
        let reader = try reader()
        let example = try reader.example(of: Self.passage)
        #expect(example.promptLength == 1)
        #expect(example.tokens == reader.prompts.tokenizer.encodePlainText(Self.passage.query).map(Int32.init))
        #expect(try reader.example(of: Self.passage, format: .reasoning) == example)
    }

    @Test func passagesAreScoredAmongRowsOfCalls() throws {
        let calls = try Array(rows().prefix(3))
        try write([calls[0], Self.passage, calls[1], calls[2]])
        let reader = try reader()
        for whole in [false, true] {
            let own = try captured(KDCapture(k: 5, prompt: .query, wholeSequence: whole))
            #expect(own[1].promptLength == 1)
            #expect(try own[1].tokens == reader.example(of: Self.passage).tokens)
            #expect(own[1].teacher?.positionCount == own[1].tokens.count - 1)
            #expect(try own[2].tokens == reader.example(of: calls[1]).tokens)
        }
    }

    @Test func fineTuningAndCalibrationTakePassages() throws {
        try write(Array(rows().prefix(3)) + [Self.passage])
        let stage = CheckpointWorkshop.training(.adamW, steps: 2)
        #expect(try workshop.whole(stage) != nil)
        let calibration: [[Int32]] = try context().calibrationSequences(samples: 9, set: "train", prompt: .query)
        #expect(try calibration.contains(reader().example(of: Self.passage).tokens))
    }

    @Test func whatAsksForAnswersRefusesPassages() throws {
        try write(Array(rows().prefix(3)) + [Self.passage])
        try write([Self.passage], "test.jsonl")
        let evaluation = EvalGenerate(sets: ["test"], maxTokens: 4, prompt: .query, answer: .call)
        #expect {
            try evaluation.run(in: context())
        } throws: {
            $0 is StageFailure && "\($0)".contains("'a.txt-1' of the set 'test' is a passage of text")
        }
        #expect {
            try Sample(samples: 1, temperature: 0, maxTokens: 4, seed: 1, prompt: .query, answer: .call).run(in: context())
        } throws: {
            "\($0)".contains("'a.txt-1' is a passage of text")
        }
        let asking = EndpointSample(endpoint: EndpointParameters(model: "m"), samples: 1, temperature: 0, maxTokens: 4, seed: 1)
        #expect {
            try asking.questions(in: context())
        } throws: {
            "\($0)".contains("'a.txt-1' is a passage of text")
        }
    }

    /// Where all rows are texts, models are measured, but asked nothing.
    @Test func withoutSetsThereAreNoAnswersAndACost() throws {
        try EvalGenerate(sets: [], maxTokens: 4, prompt: .query, answer: .call).run(in: context(outputs: "answers"))
        let answers = workshop.root.appending(path: "answers")
        #expect(try FileManager.default.contentsOfDirectory(atPath: answers.path).isEmpty)
        // Of no file there is no folder among the inputs.
        try FileManager.default.removeItem(at: workshop.root.appending(path: "inputs/answers"))
        let cost = try context(outputs: "cost")
        try EvalCost().run(in: cost)
        let written = try JSON(parsing: Data(contentsOf: cost.output("cost.json")))
        #expect(written["sets"]?.object?.isEmpty == true)
        #expect((written["parameters"]?["total"]?.integer ?? 0) > 0)
    }
}
