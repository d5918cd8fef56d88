/// Runs units of work on a number of threads, which live as long as the pool.
///
/// What a unit computes must depend on its number alone. Then results do not depend on the number of threads, nor on
/// which of them took the unit, nor on the order in which units are taken.
package final class WorkerPool: Sendable {
    package let threads: Int
    private let crew: WorkerThreads
    /// The order in which 0..<count are taken; `nil` is the rising one.
    private let order: (@Sendable (_ count: Int) -> [Int])?

    package convenience init(threads: Int) { self.init(threads: threads, order: nil) }

    /// For tests, which hold that no order of the units changes a result.
    init(threads: Int, order: (@Sendable (_ count: Int) -> [Int])?) {
        self.threads = max(1, threads)
        self.order = order
        crew = WorkerThreads(helpers: self.threads - 1)
    }

    deinit { crew.end() }

    /// The calling thread alone.
    static let caller = WorkerPool(threads: 1)

    /// Calls `body` once for each of 0..<count and returns when all calls have.
    ///
    /// Within a unit, and while another thread uses the pool, the calling thread does all the work by itself.
    func forEach(_ count: Int, _ body: (Int) -> Void) {
        if let order, count > 1 {
            let places = order(count)
            return forEachInOrder(count) { body(places[$0]) }
        }
        forEachInOrder(count, body)
    }

    private func forEachInOrder(_ count: Int, _ body: (Int) -> Void) {
        if threads > 1, count > 1, crew.run(count, body) { return }
        for unit in 0..<count { body(unit) }
    }

    /// Calls `body` for consecutive ranges of at most `size` that cover 0..<count.
    func forEachRange(_ count: Int, size: Int, _ body: (Range<Int>) -> Void) {
        forEach((count + size - 1) / size) { unit in
            body(unit * size..<min(count, (unit + 1) * size))
        }
    }
}
