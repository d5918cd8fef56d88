import Synchronization
import Testing

@testable import Engine

struct WorkerPoolTests {
    private func counts(_ units: Int, on workers: WorkerPool) -> [Int] {
        var counts = [Int](repeating: 0, count: units)
        counts.withUnsafeMutableBufferPointer { counts in workers.forEach(units) { counts[$0] += 1 } }
        return counts
    }

    @Test(arguments: [1, 2, 3, 7])
    func everyUnitRunsOnceHoweverManyJobsFollow(threads: Int) {
        let workers = WorkerPool(threads: threads)
        for units in [0, 1, 2, 3, 100] + Array(repeating: 5, count: 2000) {
            #expect(counts(units, on: workers) == Array(repeating: 1, count: units))
        }
    }

    @Test func unitsRunOnSeveralThreadsAtOnce() {
        let workers = WorkerPool(threads: 3)
        let arrived = Atomic(0)
        // Ends only if three threads are in a unit at the same time.
        workers.forEach(3) { _ in
            arrived.add(1, ordering: .sequentiallyConsistent)
            while arrived.load(ordering: .sequentiallyConsistent) < 3 { pause() }
        }
        #expect(arrived.load(ordering: .relaxed) == 3)
    }

    @Test func aJobWithinAUnitRunsInPlace() {
        let workers = WorkerPool(threads: 3)
        let total = Atomic(0)
        workers.forEach(20) { _ in
            workers.forEach(30) { _ in total.add(1, ordering: .relaxed) }
        }
        #expect(total.load(ordering: .relaxed) == 600)
    }

    @Test func severalCallersMayUseOnePoolAndManyPoolsMayLive() async {
        let shared = WorkerPool(threads: 3)
        let sums = await withTaskGroup(of: Int.self) { group in
            for _ in 0..<16 {
                group.addTask {
                    (0..<50).reduce(0) { sum, _ in
                        sum + counts(9, on: shared).reduce(0, +) + counts(9, on: WorkerPool(threads: 2)).reduce(0, +)
                    }
                }
            }
            return await group.reduce(0, +)
        }
        #expect(sums == 16 * 50 * 18)
    }

    @Test func sleepingThreadsWakeForTheNextJob() async throws {
        let workers = WorkerPool(threads: 2)
        for _ in 0..<3 {
            #expect(counts(10, on: workers) == Array(repeating: 1, count: 10))
            try await Task.sleep(for: .milliseconds(5))
        }
    }

    @Test(arguments: [1, 2])
    func theOrderOfUnitsIsThatOfTheHook(threads: Int) {
        let workers = WorkerPool(threads: threads) { Array((0..<$0).reversed()) }
        #expect(counts(50, on: workers) == Array(repeating: 1, count: 50))
        let taken = Mutex<[Int]>([])
        WorkerPool(threads: 1) { Array((0..<$0).reversed()) }.forEach(4) { unit in taken.withLock { $0.append(unit) } }
        #expect(taken.withLock { $0 } == [3, 2, 1, 0])
    }

    private func pause() {}
}
