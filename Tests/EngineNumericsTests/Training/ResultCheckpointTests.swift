import Synchronization
import Testing

@testable import Engine

struct ResultCheckpointTests {
    private struct Enough: Error {}

    @Test(arguments: [1, 2, 3])
    func finishedItemsAreNotComputedAgainAndTheRestIsKeptInGroups(threads: Int) throws {
        let computed = Mutex<[Int]>([])
        let kept = Mutex<[Int: Int]>([:])
        let checkpoint = ResultCheckpoint(done: [0: 0, 1: 1, 2: 4, 7: 49]) { items, results in
            kept.withLock { kept in for (item, result) in zip(items, results) { kept[item] = result } }
        }
        let results = try WorkerPool(threads: threads).results(10, size: 3, checkpoint: checkpoint) { items in
            computed.withLock { $0 += items }
            return items.map { $0 * $0 }
        }
        #expect(results == (0..<10).map { $0 * $0 })
        // A group that is whole is left alone, one that is not is computed whole.
        #expect(computed.withLock { $0.sorted() } == Array(3..<10))
        #expect(kept.withLock { $0 } == Dictionary(uniqueKeysWithValues: (3..<10).map { ($0, $0 * $0) }))
    }

    @Test(arguments: [1, 2, 3])
    func anErrorWhileKeepingEndsTheRunBeforeAnotherGroup(threads: Int) {
        let begun = Atomic(0)
        #expect(throws: Enough.self) {
            try WorkerPool(threads: threads).results(100, size: 1, checkpoint: ResultCheckpoint { _, _ in throw Enough() }) {
                items in
                begun.wrappingAdd(1, ordering: .relaxed)
                return Array(items)
            }
        }
        #expect(begun.load(ordering: .relaxed) <= threads)
    }

    @Test func resultsOfAnotherRunAreRefused() throws {
        let model = InferenceModel(try Fixture.model())
        let workers = WorkerPool(threads: 1)
        let examples = Fixture.examples(2)
        let logits = TeacherLogits(k: 1, topTokens: [0], topLogits: [0], logSumExp: [0], logRest: [-1])
        #expect(throws: GenerationError.self) {
            try model.captureLogits(
                examples, k: 3, workers: workers, checkpoint: ResultCheckpoint(done: [0: logits, 1: logits]) { _, _ in })
        }
        #expect(throws: GenerationError.self) {
            try model.depthImportance(
                examples.map(\.tokens), workers: workers, checkpoint: ResultCheckpoint(done: [0: [1]]) { _, _ in })
        }
    }
}
