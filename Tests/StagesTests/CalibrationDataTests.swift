import CanonicalJSON
import Foundation
import Testing
import Words

@testable import Engine
@testable import Kinds
@testable import Stages

/// What models are calibrated on.
@Suite struct CalibrationDataTests {
    let workshop: CheckpointWorkshop

    init() throws { workshop = try CheckpointWorkshop() }

    private func context() throws -> StageContext {
        let folder = workshop.root.appending(path: "own", directoryHint: .isDirectory)
        try? FileManager.default.removeItem(at: folder)
        try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
        return StageContext(
            inputs: workshop.root.appending(path: "inputs", directoryHint: .isDirectory), outputs: folder, threads: 2,
            reportProgress: { _ in })
    }

    private func withoutRows() throws {
        try FileManager.default.removeItem(at: workshop.root.appending(path: "inputs/data"))
    }

    private func write(_ text: String, to file: String) throws {
        let folder = workshop.root.appending(path: "inputs/text")
        try? FileManager.default.removeItem(at: folder)
        try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
        try Data(text.utf8).write(to: folder.appending(path: file))
    }

    private func sequences(_ samples: Int, _ length: Int?) throws -> [[Int32]] {
        try context().calibrationSequences(samples: samples, set: "train", prompt: .query, length: length)
    }

    private func tokens(_ text: String) throws -> [Int32] {
        try context().modelFolder("model").tokenizer().encodeWithFrame(text).map { Int32($0) }
    }

    @Test func rowsAreCutToALength() throws {
        let whole = try sequences(20, nil)
        #expect(whole.count == 20 && whole.contains { $0.count > 5 })
        #expect(try sequences(20, 5) == whole.map { Array($0.prefix(5)) })
    }

    @Test func aTextIsDividedFromItsBeginning() throws {
        try withoutRows()
        let text = (0..<20).map { "play song \($0) again" }.joined(separator: "\n")
        try write(text, to: "text.txt")
        let all = try tokens(text)
        let read = try sequences(3, 8)
        #expect(read == [Array(all[..<8]), Array(all[8..<16]), Array(all[16..<24])])
        // No more than there is; the last one is what is left.
        let every = try sequences(1000, 8).flatMap { $0 }
        #expect(every == Array(all.prefix(every.count)) && all.count - every.count < 2)
    }

    @Test func recordsAreTextsOneAfterTheOther() throws {
        try withoutRows()
        let texts = ["play one song", "and play another song"]
        try write(texts.map { JSON.object(["text": .string($0)]).canonicalText }.joined(separator: "\n"), to: "c4.jsonl")
        let all = try texts.flatMap(tokens)
        #expect(try sequences(100, 6).flatMap { $0 }.starts(with: all.prefix(12)))
        // Enough is enough: what comes after is not read.
        try write(
            JSON.object(["text": .string(texts[0])]).canonicalText + "\n{\"words\": 1}\n", to: "c4.jsonl")
        #expect(try sequences(1, 2).count == 1)
        #expect { try sequences(50, 4) } throws: { "\($0)".contains("the record has no 'text'") }
    }

    @Test func whatCannotBeReadIsSaid() throws {
        try withoutRows()
        try write("", to: "text.txt")
        #expect { try sequences(4, 8) } throws: { "\($0)".contains("too few to calibrate on") }
        try FileManager.default.removeItem(at: workshop.root.appending(path: "inputs/text"))
        #expect { try sequences(4, 8) } throws: { "\($0)".contains("name the input 'data' or 'text'") }
    }

    /// Each kind that calibrates takes a text.
    @Test func everyKindReadsTexts() throws {
        try withoutRows()
        try write((0..<40).map { "play song \($0) again" }.joined(separator: "\n"), to: "text.txt")
        let stages: [any RunnableStage] = [
            PruneScore(method: .depth, samples: 6, length: 16), PruneScore(method: .width, samples: 6, length: 16),
            QuantCalibrate(samples: 6, length: 16),
            PruneApply(
                method: .width, ratio: 0.3, granularity: .init(hidden: 4, intermediate: 4),
                search: .init(tolerance: 0.1, samples: 4, length: 12)),
        ]
        for stage in stages { #expect(try workshop.whole(stage) != nil) }
    }
}
