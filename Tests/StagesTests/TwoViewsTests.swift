import CanonicalJSON
import Foundation
import Testing
import Words

@testable import Engine
@testable import Kinds
@testable import Stages

/// Students whose prompts are other ones than their teachers'.
@Suite struct TwoViewsTests {
    let workshop: CheckpointWorkshop

    /// The teacher reads `teacher_data`, whose prompts begin with instructions; the student reads `data`.
    init() throws {
        workshop = try CheckpointWorkshop()
        try FileManager.default.copyItem(at: input("data"), to: input("plain"))
        var kind = DataInstruct()
        kind.instructions = "Play what is asked for."
        try run(kind, as: "teacher_data")
    }

    private func input(_ name: String) -> URL { workshop.root.appending(path: "inputs/\(name)", directoryHint: .isDirectory) }
    private var outputs: URL { workshop.root.appending(path: "outputs", directoryHint: .isDirectory) }

    private func run(_ stage: any RunnableStage, as name: String? = nil) throws {
        _ = try workshop.whole(stage)
        guard let name else { return }
        try? FileManager.default.removeItem(at: input(name))
        try FileManager.default.copyItem(at: outputs, to: input(name))
    }

    private func replaceData(by name: String) throws {
        try FileManager.default.removeItem(at: input("data"))
        try FileManager.default.copyItem(at: input(name), to: input("data"))
    }

    private func losses() throws -> [Double] {
        try String(contentsOf: outputs.appending(path: "curve.jsonl"), encoding: .utf8).split(separator: "\n")
            .compactMap { try JSON(parsing: String($0))["loss"]?.double }
    }

    private func failure(_ stage: any RunnableStage) -> String {
        do {
            try run(stage)
            return "no failure"
        } catch {
            return "\(error)"
        }
    }

    private static let training = TrainingParameters(
        steps: 6, batch: 4, learningRate: 0.01, optimizer: .adamW, warmup: 0.1, weightDecay: 0.01, seed: 3)

    private func stage(ownPrompts: Bool) -> KDTrain {
        KDTrain(loss: [LossTerm(.forwardKL)], training: Self.training, ownPrompts: ownPrompts)
    }

    /// Of one view, joining by the place in the answer is what reading the captured tokens is, bit for bit.
    @Test func joiningOneViewChangesNothing() throws {
        try run(stage(ownPrompts: false))
        let expected = try Data(contentsOf: outputs.appending(path: "model.safetensors"))
        try run(stage(ownPrompts: true))
        #expect(try Data(contentsOf: outputs.appending(path: "model.safetensors")) == expected)
    }

    /// Logits of long prompts teach a student of short ones.
    @Test func logitsAreJoinedByThePlaceInTheAnswer() throws {
        try replaceData(by: "teacher_data")
        try run(KDCapture(k: 280, prompt: .query), as: "logits")
        let captured = try CapturedLogits(SafeTensors(reading: input("logits").appending(path: "logits.safetensors"))).examples
        try replaceData(by: "plain")
        try run(stage(ownPrompts: true))
        #expect(try losses().allSatisfy { $0.isFinite })
        let context = StageContext(
            inputs: workshop.root.appending(path: "inputs", directoryHint: .isDirectory), outputs: outputs, threads: 1,
            reportProgress: { _ in })
        let joined = try context.joined(captured, for: stage(ownPrompts: true))
        #expect(zip(joined, captured).allSatisfy { $0.response == $1.response && $0.teachers == $1.teachers })
        #expect(zip(joined, captured).allSatisfy { $0.promptLength < $1.promptLength })
    }

    @Test func whatCannotBeJoinedIsRefused() throws {
        try run(KDCapture(k: 5, prompt: .query, wholeSequence: true), as: "logits")
        #expect(failure(stage(ownPrompts: true)).contains("capture them without 'whole_sequence'"))
        try run(KDCapture(k: 5, prompt: .query), as: "logits")
        let train = input("data").appending(path: "train.jsonl")
        let rows = try String(contentsOf: train, encoding: .utf8).split(separator: "\n")
        try (Array(rows.dropFirst()) + rows.prefix(1)).joined(separator: "\n").write(
            to: train, atomically: true, encoding: .utf8)
        #expect(failure(stage(ownPrompts: true)).contains("are of another answer than the student's"))
        try FileManager.default.removeItem(at: input("data"))
        #expect(failure(stage(ownPrompts: true)).contains("needs the input 'data'"))
    }

    /// The student answers its own prompt, and the teacher reads the answer after its longer one.
    @Test func aTeacherReadsAnswersAfterItsOwnPrompts() throws {
        let kind = KDOnPolicy(
            loss: [LossTerm(.forwardKL)], temperature: 1, tokens: 6, fraction: 0.5, samplingTemperature: 0.9,
            training: Self.training, prompt: .query, answer: .call)
        try run(kind)
        let own = try losses()
        #expect(own.allSatisfy { $0.isFinite })
        try FileManager.default.moveItem(at: input("teacher_data"), to: workshop.root.appending(path: "aside"))
        try run(kind)
        #expect(try losses() != own)
        // Of one view both ways are one, bit for bit.
        let plain = try losses()
        try FileManager.default.copyItem(at: input("plain"), to: input("teacher_data"))
        try run(kind)
        #expect(try losses() == plain)
    }

    /// Learners pass unlabelled rows over, and say so where there are no others.
    @Test func learnersPassUnlabelledRowsOver() throws {
        let train = input("data").appending(path: "train.jsonl")
        let lines = try String(contentsOf: train, encoding: .utf8).split(separator: "\n")
        let unlabelled = try lines.map { try Row(json: JSON(parsing: String($0))).unlabelled.json.canonicalText }
        try lines.prefix(20).joined(separator: "\n").write(to: train, atomically: true, encoding: .utf8)
        let stages: [any RunnableStage] = [
            TrainSFT(training: Self.training, prompt: .query),
            PruneScore(method: .width, samples: 10, set: "train", prompt: .query),
        ]
        let expected = try stages.map { try workshop.whole($0) }
        try (lines.prefix(20).map(String.init) + unlabelled.dropFirst(20)).joined(separator: "\n")
            .write(to: train, atomically: true, encoding: .utf8)
        #expect(try stages.map { try workshop.whole($0) } == expected)
        try unlabelled.joined(separator: "\n").write(to: train, atomically: true, encoding: .utf8)
        for stage in stages { #expect(failure(stage).contains("no row of train.jsonl says what is right")) }
    }
}
