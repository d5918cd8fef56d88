import Synchronization

/// Runs units of work on threads that live as long as the pool.
///
/// What a unit computes must depend on its number alone. Then no result depends on the number of threads, on which thread
/// took a unit, or on the order of the units.
package final class WorkerPool: Sendable {
    package let threads: Int
    private let workers: WorkerThreads
    /// The order in which the units 0..<count are taken; `nil` is the rising order.
    private let order: (@Sendable (_ count: Int) -> [Int])?

    package convenience init(threads: Int) { self.init(threads: threads, order: nil) }

    /// For tests of the order of the units, which must change no result.
    init(threads: Int, order: (@Sendable (_ count: Int) -> [Int])?) {
        self.threads = max(1, threads)
        self.order = order
        workers = WorkerThreads(count: self.threads - 1)
    }

    deinit { workers.end() }

    /// Runs everything on the calling thread.
    package static let caller = WorkerPool(threads: 1)

    /// Calls `body` once for each of 0..<count and returns when all calls have returned.
    ///
    /// A call from within a unit, or while another thread uses the pool, does all its work on the calling thread.
    func forEach(_ count: Int, _ body: (Int) -> Void) {
        if let order, count > 1 {
            let places = order(count)
            return forEachInOrder(count) { body(places[$0]) }
        }
        forEachInOrder(count, body)
    }

    private func forEachInOrder(_ count: Int, _ body: (Int) -> Void) {
        if threads > 1, count > 1, workers.run(count, body) { return }
        for unit in 0..<count { body(unit) }
    }

    /// Calls `body` for consecutive ranges that cover 0..<count, each of at most `size` units.
    func forEachRange(_ count: Int, size: Int, _ body: (Range<Int>) -> Void) {
        forEach((count + size - 1) / size) { unit in
            body(unit * size..<min(count, (unit + 1) * size))
        }
    }
}

/// The results of a long run over independent items: those that an earlier run saved, and where to save new ones.
package struct ResultCheckpoint<Item: Sendable>: Sendable {
    package typealias Save = @Sendable (_ items: Range<Int>, _ results: [Item]) throws -> Void

    /// The results of an earlier run by item. A group that is complete here is not computed again.
    package var done: [Int: Item]
    /// Gets each group's results as the group ends, from any thread.
    ///
    /// An error stops the run: groups that have begun are finished, no other begins, and the first error is thrown.
    package var save: Save

    package init(done: [Int: Item] = [:], save: @escaping Save) { (self.done, self.save) = (done, save) }

    /// Starts with no results and saves none.
    package static var none: ResultCheckpoint { ResultCheckpoint { _, _ in } }
}

extension WorkerPool {
    /// A result for each of 0..<count: from the checkpoint, or from `body`, which gets consecutive ranges of at most `size`.
    func results<Item: Sendable>(
        _ count: Int, size: Int, checkpoint: ResultCheckpoint<Item>, _ body: (Range<Int>) -> [Item]
    ) throws -> [Item] {
        var results = (0..<count).map { checkpoint.done[$0] }
        let failure = Mutex<(any Error)?>(nil)
        results.withUnsafeMutableBufferPointer { results in
            forEachRange(count, size: size) { range in
                guard range.contains(where: { results[$0] == nil }), failure.withLock({ $0 == nil }) else { return }
                let group = body(range)
                for (index, result) in zip(range, group) { results[index] = result }
                do {
                    try checkpoint.save(range, group)
                } catch {
                    failure.withLock { $0 = $0 ?? error }
                }
            }
        }
        if let error = failure.withLock({ $0 }) { throw error }
        return results.compactMap { $0 }
    }
}
