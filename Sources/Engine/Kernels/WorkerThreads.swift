import Glibc
import Synchronization

/// The threads of a pool, and the one job that they and its caller work on at a time.
///
/// The caller writes the job down, then publishes its units through `unclaimed`. Who has claimed a unit may read the job: it
/// stands until the last unit is done. So a thread that comes late finds either nothing to claim or the next job whole.
final class WorkerThreads: Sendable {
    private let helpers: Int
    /// Whether a caller holds the crew.
    private let isTaken = Atomic(false)
    private let isEnding = Atomic(false)
    /// Units that nobody has begun, and units that are not done.
    private let unclaimed = Atomic(0)
    private let unfinished = Atomic(0)
    private let start = Bell()
    private let finish = Bell()
    // The job: written by the holder of the crew while no unit is open, read by those who claimed one.
    private nonisolated(unsafe) var count = 0
    private nonisolated(unsafe) var body: UnsafePointer<(Int) -> Void>?
    /// Written by the holder of the crew; read when the pool ends, which is after its last use.
    private nonisolated(unsafe) var handles: [pthread_t] = []

    init(helpers: Int) { self.helpers = helpers }

    /// Calls `body` for each of 0..<count on all threads; `false`, and nothing done, while another job runs.
    func run(_ count: Int, _ body: (Int) -> Void) -> Bool {
        if isTaken.exchange(true, ordering: .acquiring) { return false }
        defer { isTaken.store(false, ordering: .releasing) }
        if handles.isEmpty { startThreads() }
        withoutActuallyEscaping(body) { body in
            withUnsafePointer(to: body) { body in
                (self.count, self.body) = (count, body)
                unfinished.store(count, ordering: .relaxed)
                unclaimed.store(count, ordering: .sequentiallyConsistent)
                start.ring()
                work()
                finish.wait { unfinished.load(ordering: .sequentiallyConsistent) > 0 }
            }
        }
        return true
    }

    /// Ends the threads and waits for their end; nothing may run.
    func end() {
        isEnding.store(true, ordering: .sequentiallyConsistent)
        start.ring()
        for handle in handles { pthread_join(handle, nil) }
    }

    private func startThreads() {
        for _ in 0..<helpers {
            var handle = pthread_t()
            let crew = Unmanaged.passRetained(self)
            let failure = pthread_create(
                &handle, nil,
                { crew in
                    if let crew { Unmanaged<WorkerThreads>.fromOpaque(crew).takeRetainedValue().serve() }
                    return nil
                }, crew.toOpaque())
            // Without a thread its work is the others'.
            if failure == 0 { handles.append(handle) } else { crew.release() }
        }
    }

    private func serve() {
        while true {
            start.wait {
                unclaimed.load(ordering: .sequentiallyConsistent) == 0 && !isEnding.load(ordering: .sequentiallyConsistent)
            }
            if isEnding.load(ordering: .relaxed) { return }
            work()
        }
    }

    private func work() {
        while let unit = claim() {
            call(unit)
            if unfinished.subtract(1, ordering: .sequentiallyConsistent).newValue == 0 { finish.ring() }
        }
    }

    private func claim() -> Int? {
        var left = unclaimed.load(ordering: .relaxed)
        while left > 0 {
            let (exchanged, original) = unclaimed.weakCompareExchange(
                expected: left, desired: left - 1, ordering: .acquiringAndReleasing)
            if exchanged { return count - left }
            left = original
        }
        return nil
    }

    /// Not inlined, so that every hold on the closure ends before the unit counts as done.
    @inline(never)
    private func call(_ unit: Int) { body?.pointee(unit) }
}
