import Synchronization

/// How a long run over items that are independent of each other goes on from an earlier one, and is kept for a later one.
package struct Resumption<Item: Sendable>: Sendable {
    /// An earlier run's results by item. What they make whole is not computed again.
    package var done: [Int: Item]
    /// Gets each group's results as it ends, from any thread. An error ends the run: what has begun is finished, nothing else
    /// begins, and the first error is thrown.
    package var keep: @Sendable (_ items: Range<Int>, _ results: [Item]) throws -> Void

    package init(done: [Int: Item] = [:], keep: @escaping @Sendable (_ items: Range<Int>, _ results: [Item]) throws -> Void) {
        self.done = done
        self.keep = keep
    }

    /// From the start to the end, kept by nobody.
    package static var none: Resumption { Resumption { _, _ in } }
}

extension WorkerPool {
    /// A result for each of 0..<count: from the earlier run, or from `body`, which gets consecutive ranges of at most `size`.
    func results<Item: Sendable>(
        _ count: Int, size: Int, resumption: Resumption<Item>, _ body: (Range<Int>) -> [Item]
    ) throws -> [Item] {
        var results = (0..<count).map { resumption.done[$0] }
        let failure = Mutex<(any Error)?>(nil)
        results.withUnsafeMutableBufferPointer { results in
            forEachRange(count, size: size) { range in
                guard range.contains(where: { results[$0] == nil }), failure.withLock({ $0 == nil }) else { return }
                let group = body(range)
                for (index, result) in zip(range, group) { results[index] = result }
                do {
                    try resumption.keep(range, group)
                } catch {
                    failure.withLock { $0 = $0 ?? error }
                }
            }
        }
        if let error = failure.withLock({ $0 }) { throw error }
        return results.compactMap { $0 }
    }
}
