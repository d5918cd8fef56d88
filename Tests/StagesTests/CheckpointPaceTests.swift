import Foundation
import Synchronization
import TestSupport
import Testing

@testable import Engine
@testable import Stages

/// Checkpoints cost less than a fiftieth of a stage's time.
@Suite struct CheckpointPaceTests {
    private let start = ContinuousClock.now

    @Test func theFirstSaveWaitsForItsInterval() {
        let pace = CheckpointPace(interval: .seconds(20), now: start)
        #expect(!pace.isDue(at: start + .seconds(19), bytes: 1000))
        #expect(pace.isDue(at: start + .seconds(20), bytes: 1000))
    }

    /// What a large state costs is guessed before it is known.
    @Test func aLargeStateWaitsLonger() {
        let pace = CheckpointPace(interval: .seconds(20), now: start)
        let bytes = 1_610_000_000
        #expect(!pace.isDue(at: start + .seconds(160), bytes: bytes))
        #expect(pace.isDue(at: start + .seconds(162), bytes: bytes))
    }

    @Test func theNextSaveFollowsWhatTheLastOneCost() {
        var pace = CheckpointPace(interval: .seconds(20), now: start)
        pace.beginSave()
        #expect(!pace.isDue(at: start + .seconds(900), bytes: 0))
        pace.endSave(at: start + .seconds(60), cost: .seconds(2), duration: .seconds(9))
        #expect(!pace.isDue(at: start + .seconds(159), bytes: 1 << 40))
        #expect(pace.isDue(at: start + .seconds(160), bytes: 1 << 40))
        pace.beginSave()
        pace.endSave(at: start + .seconds(200), cost: .milliseconds(1), duration: .milliseconds(2))
        #expect(!pace.isDue(at: start + .seconds(219), bytes: 0))
        #expect(pace.isDue(at: start + .seconds(220), bytes: 0))
    }

    @Test func withoutAnIntervalEveryStateIsDue() {
        var pace = CheckpointPace(interval: .zero, now: start)
        #expect(pace.isDue(at: start, bytes: 1 << 40))
        pace.beginSave()
        pace.endSave(at: start, cost: .seconds(100), duration: .seconds(100))
        #expect(pace.isDue(at: start, bytes: 1 << 40))
    }

    @Test func aStopWaitsForThreeStepsAndSavesWithinBounds() {
        var pace = CheckpointPace(interval: .seconds(20), now: start)
        pace.reach(start + .seconds(2))
        #expect(pace.grace(at: start + .seconds(3)) == .seconds(30))
        pace.reach(start + .seconds(14))
        #expect(pace.grace(at: start + .seconds(15)) == .seconds(36))
        pace.beginSave()
        pace.endSave(at: start + .seconds(20), cost: .seconds(1), duration: .seconds(5))
        #expect(pace.grace(at: start + .seconds(20)) == .seconds(51))
        // A step that takes longer than any before it counts too.
        #expect(pace.grace(at: start + .seconds(54)) == .seconds(135))
        #expect(pace.grace(at: start + .seconds(5000)) == .seconds(600))
    }
}

/// States are written beside the stage.
@Suite struct CheckpointWriterTests {
    private let folder = TemporaryFolder()

    private func file() throws -> CheckpointFile {
        CheckpointFile(
            directory: folder.url, action: try CheckpointWorkshop.action(of: CheckpointWorkshop.training(.adamW)))
    }

    private func tensors(_ value: Float, count: Int = 3) -> [String: StoredTensor] {
        ["weights": StoredTensor([Float](repeating: value, count: count), shape: [count])]
    }

    @Test func statesAreWrittenOneAfterTheOther() throws {
        let file = try file()
        let times = Mutex<[Duration]>([])
        let writer = CheckpointWriter(file) { _ in }
        for done in 1...3 {
            writer.write(done: done, tensors(Float(done))) { time in times.withLock { $0.append(time) } }
            writer.wait()
            let state = try #require(try file.read())
            #expect(state.done == done)
            #expect(try state.tensors.floats("weights") == [Float](repeating: Float(done), count: 3))
        }
        #expect(times.withLock { $0.count } == 3)
        #expect(times.withLock { $0.allSatisfy { $0 >= .zero } })
    }

    @Test func whatIsGivenUpLeavesTheFileOfBefore() throws {
        let file = try file()
        let log = Mutex<[String]>([])
        try file.write(done: 1, tensors(1))
        let writer = CheckpointWriter(file) { line in log.withLock { $0.append(line) } }
        writer.giveUp()
        writer.write(done: 2, tensors(2, count: 1 << 20)) { _ in }
        writer.wait()
        #expect(try file.read()?.done == 1)
        #expect(log.withLock { $0 } == [])
        #expect(try FileManager.default.contentsOfDirectory(atPath: folder.url.path) == ["state"])
    }

    /// More than one piece, and more than is flushed at once.
    @Test func aLargeStateComesBackAsItWas() throws {
        let file = try file()
        let values = (0..<20_000_000).map { Float($0 % 1009) }
        try file.write(done: 7, ["weights": StoredTensor(values, shape: [values.count]), "x": StoredTensor([1.5], shape: [1])])
        let state = try #require(try file.read())
        #expect(state.done == 7)
        #expect(try state.tensors.floats("weights") == values)
    }
}
