import BuildModel
import Foundation
import Testing
import TestSupport

@testable import Engine
@testable import Kinds
@testable import Stages

/// A checkpoint that is not whole, or not this action's, is ignored; the log says why.
@Suite struct DamagedCheckpointTests {
    let workshop: CheckpointWorkshop
    let stage = CheckpointWorkshop.training(.muon, steps: 5)
    let whole: Digest?
    let good: Data

    init() throws {
        workshop = try CheckpointWorkshop()
        whole = try workshop.whole(stage)
        _ = try workshop.attempt(stage) { $0.done == 3 }
        good = try Data(contentsOf: workshop.checkpointFile)
    }

    private var file: CheckpointFile {
        get throws { CheckpointFile(directory: workshop.checkpointFolder, action: try CheckpointWorkshop.action(of: stage)) }
    }

    /// Puts the bytes in the checkpoint's place and expects the stage to start over.
    private func expectStartOver(_ content: Data, because reason: String, _ comment: Comment) throws {
        try content.write(to: workshop.checkpointFile)
        let attempt = try workshop.attempt(stage)
        #expect(attempt.outputs == whole, comment)
        #expect(attempt.progress.map(\.done) == Array(1...5), comment)
        #expect(attempt.log == ["a checkpoint was ignored: \(reason)"], comment)
    }

    @Test func everyDamagedFileIsIgnoredAndTheStageGivesTheSameBytes() throws {
        var random = TestRandom(seed: 20)
        for _ in 0..<25 {
            var content = good
            let bit = random.next(below: good.count * 8)
            content[bit / 8] ^= 1 << (bit % 8)
            try expectStartOver(content, because: "its checksum does not fit its content", "bit \(bit)")
            let length = random.next(below: good.count)
            let reason = length > 32 ? "its checksum does not fit its content" : "it is cut off"
            try expectStartOver(good.prefix(length), because: reason, "\(length) bytes")
        }
        for length in [0, 1, 32] { try expectStartOver(good.prefix(length), because: "it is cut off", "\(length) bytes") }
    }

    @Test func noDamagedFileIsRead() throws {
        #expect(try file.read()?.done == 3)
        var random = TestRandom(seed: 21)
        for _ in 0..<1000 {
            var content = good
            let bit = random.next(below: good.count * 8)
            content[bit / 8] ^= 1 << (bit % 8)
            if random.next(below: 2) == 0 { content = content.prefix(random.next(below: good.count)) }
            try content.write(to: workshop.checkpointFile)
            #expect(throws: CheckpointFault.self, "bit \(bit), \(content.count) bytes") { try file.read() }
        }
    }

    @Test func aCheckpointOfAnotherActionIsIgnored() throws {
        let other = CheckpointWorkshop.training(.muon, steps: 5, seed: 4)
        try workshop.forgetCheckpoint()
        _ = try workshop.attempt(other) { $0.done == 3 }
        let foreign = try Data(contentsOf: workshop.checkpointFile)
        #expect(foreign.count == good.count)
        try expectStartOver(foreign, because: "it is of another action, or of another version of Decant", "another seed")
        // And back: the stage it was made for takes it up.
        try foreign.write(to: workshop.checkpointFile)
        #expect(try workshop.attempt(other).progress.map(\.done) == [3, 4, 5])
    }

    /// Whole files whose content this stage cannot have written.
    @Test func stateThatDoesNotFitIsIgnored() throws {
        let tensors = try #require(try file.read()).tensors.allTensors()
        let count = try #require(tensors["weights"]).count
        func expectIgnored(_ change: [String: StoredTensor?], because reason: String) throws {
            try file.write(
                done: 3, tensors.merging(change.compactMapValues { $0 }) { $1 }.filter { change[$0.key] != .some(nil) })
            try expectStartOver(Data(contentsOf: workshop.checkpointFile), because: reason, "\(reason)")
        }
        let short = StoredTensor([Float](repeating: 0, count: count - 1), shape: [count - 1])
        let fault = "The state has \(count - 1) numbers for the model's \(count) parameters."
        for name in ["weights", "first_moments", "second_moments"] { try expectIgnored([name: short], because: fault) }
        try expectIgnored(["weights": nil], because: "checkpoint: there is no tensor 'weights'")
        try expectIgnored(
            ["curve.tokens": StoredTensor([1.0], shape: [1])], because: "checkpoint: 'curve.tokens' does not hold integers")
        try expectIgnored(
            ["curve.loss": StoredTensor([1, 2, 3] as [Float], shape: [3])],
            because: "checkpoint: 'curve.loss' does not hold F64")
        try expectIgnored(
            ["curve.tokens": StoredTensor([1] as [Int64], shape: [1])], because: "its tensors do not fit each other")
    }

    @Test func resultsThatDoNotFitAreRefused() throws {
        func expectRefused<Item: CheckpointItem>(
            _ type: Item.Type, _ tensors: [String: StoredTensor], sourceLocation: SourceLocation = #_sourceLocation
        ) throws {
            let file = try SafeTensors(parsing: SafeTensors.serialize(tensors), file: "checkpoint")
            #expect(throws: CheckpointFault.self, sourceLocation: sourceLocation) { try Item.items(in: file) }
        }
        let sequences = GeneratedSequence.tensors(of: [.init(tokens: [1, 2], end: .stopToken), .init(tokens: [3])])
        for lengths in [[2, 2], [2, -1], [2], [Int64.max, 1]] as [[Int64]] {
            try expectRefused(
                GeneratedSequence.self,
                sequences.merging(["lengths": StoredTensor(lengths, shape: [lengths.count])]) { $1 })
        }
        for ends in [[1], [1, 9]] as [[Int32]] {
            try expectRefused(
                GeneratedSequence.self, sequences.merging(["ends": StoredTensor(ends, shape: [ends.count])]) { $1 })
        }
        let logits = TeacherLogits.tensors(of: [
            TeacherLogits(k: 2, topTokens: [0, 1, 2, 3], topLogits: [4, 3, 2, 1], logSumExp: [5, 6], logRest: [-1, -2])
        ])
        try expectRefused(TeacherLogits.self, logits.merging(["lengths": StoredTensor([Int64.max], shape: [1])]) { $1 })
        try expectRefused(TeacherLogits.self, logits.merging(["log_sum_exp": StoredTensor([1] as [Float], shape: [1])]) { $1 })
        try expectRefused([Double].self, ["sums": StoredTensor(doubles: [1, 2], shape: [2])])
    }

    /// Numbers come back as the bits they were, whatever they are.
    @Test func numbersAreKeptAsBits() throws {
        let odd: [Float] = [.nan, -.infinity, -0.0, .leastNonzeroMagnitude, 1 / 3, Float(bitPattern: 0x7F80_0001)]
        let doubles = [Double.nan, -.infinity, -0.0, .leastNonzeroMagnitude, 1.0 / 3]
        let steps = doubles.indices.map {
            TrainingStep(step: $0, loss: doubles[$0], learningRate: doubles[$0], gradientNorm: doubles[$0], tokens: $0)
        }
        var curve = TrainingCurve()
        for step in steps { curve.append(step) }
        var state = curve.tensors
        for (name, values) in ["weights": odd, "first_moments": Array(odd.reversed()), "second_moments": odd] {
            state[name] = StoredTensor(values, shape: [values.count])
        }
        try file.write(done: 5, state)
        let tensors = try #require(try file.read()).tensors
        let read = try LearnerState(tensors, step: 5)
        #expect(read.weights.map(\.bitPattern) == odd.map(\.bitPattern))
        #expect(read.firstMoments.map(\.bitPattern) == odd.reversed().map(\.bitPattern))
        #expect(try TrainingCurve(tensors).steps.map(\.loss.bitPattern) == doubles.map(\.bitPattern))
        #expect(try TrainingCurve(tensors).lines == curve.lines)
    }
}
