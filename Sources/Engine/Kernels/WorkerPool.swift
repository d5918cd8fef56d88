import Dispatch
import Synchronization

/// Runs units of work on a number of threads.
///
/// What a unit computes must depend on its number alone. Then results do not depend on the number of threads, nor on
/// which of them took the unit.
public struct WorkerPool: Sendable {
    public let threads: Int

    public init(threads: Int) { self.threads = max(1, threads) }

    /// Calls `body` once for each of 0..<count; units are taken in order.
    func forEach(_ count: Int, _ body: (Int) -> Void) {
        if threads == 1 || count <= 1 {
            for unit in 0..<count { body(unit) }
            return
        }
        withoutActuallyEscaping(body) { body in
            // Units write to memory of their own, and the call below returns when all are done.
            nonisolated(unsafe) let body = body
            let next = Atomic(0)
            DispatchQueue.concurrentPerform(iterations: min(threads, count)) { _ in
                while true {
                    let unit = next.wrappingAdd(1, ordering: .relaxed).oldValue
                    if unit >= count { return }
                    body(unit)
                }
            }
        }
    }

    /// Calls `body` for consecutive ranges of at most `size` that cover 0..<count.
    func forEachRange(_ count: Int, size: Int, _ body: (Range<Int>) -> Void) {
        forEach((count + size - 1) / size) { unit in
            body(unit * size..<min(count, (unit + 1) * size))
        }
    }
}
