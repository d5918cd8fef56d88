import CKernels
import Glibc
import Synchronization

/// The threads of a pool. They and the caller work on one job at a time.
///
/// The caller stores the job, then publishes its units through `unclaimed`. A thread that has claimed a unit may read the job,
/// because the job stays in place until the last unit is done. So a late thread finds either no unit or a complete new job.
final class WorkerThreads: Sendable {
    /// Threads beside the caller's.
    private let threadCount: Int
    /// Whether a caller has a job running.
    private let isTaken = Atomic(false)
    private let isEnding = Atomic(false)
    /// Units that no thread has begun, and units that are not done.
    private let unclaimed = Atomic(0)
    private let unfinished = Atomic(0)
    private let start = ConditionVariable()
    private let finish = ConditionVariable()
    // The job: written by the caller while no unit is open, read by threads that claimed a unit.
    private nonisolated(unsafe) var count = 0
    private nonisolated(unsafe) var body: UnsafePointer<(Int) -> Void>?
    /// Written by the caller of a job; read when the pool ends, after its last use.
    private nonisolated(unsafe) var handles: [pthread_t] = []

    init(count: Int) { threadCount = count }

    /// Calls `body` for each of 0..<count on all threads; does nothing and returns `false` while another job runs.
    func run(_ count: Int, _ body: (Int) -> Void) -> Bool {
        if isTaken.exchange(true, ordering: .acquiring) { return false }
        defer { isTaken.store(false, ordering: .releasing) }
        if handles.isEmpty { startThreads() }
        withoutActuallyEscaping(body) { body in
            withUnsafePointer(to: body) { body in
                (self.count, self.body) = (count, body)
                unfinished.store(count, ordering: .relaxed)
                unclaimed.store(count, ordering: .sequentiallyConsistent)
                start.wakeAll()
                work()
                finish.wait { unfinished.load(ordering: .sequentiallyConsistent) > 0 }
            }
        }
        return true
    }

    /// Ends the threads and waits for them; no job may be running.
    func end() {
        isEnding.store(true, ordering: .sequentiallyConsistent)
        start.wakeAll()
        for handle in handles { pthread_join(handle, nil) }
    }

    private func startThreads() {
        for _ in 0..<threadCount {
            var handle = pthread_t()
            let threads = Unmanaged.passRetained(self)
            let failure = pthread_create(
                &handle, nil,
                { threads in
                    if let threads { Unmanaged<WorkerThreads>.fromOpaque(threads).takeRetainedValue().serve() }
                    return nil
                }, threads.toOpaque())
            // Where a thread cannot be started, the others do its work.
            if failure == 0 { handles.append(handle) } else { threads.release() }
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
            if unfinished.subtract(1, ordering: .sequentiallyConsistent).newValue == 0 { finish.wakeAll() }
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

    /// Not inlined, so that every reference to the closure ends before the unit counts as done.
    @inline(never)
    private func call(_ unit: Int) { body?.pointee(unit) }
}

/// A condition variable whose threads first spin, because most waits are short, and then sleep.
final class ConditionVariable: @unchecked Sendable {
    /// Checks of the condition before a thread sleeps: some ten microseconds.
    private static let spins = 1000
    private let mutex = UnsafeMutablePointer<pthread_mutex_t>.allocate(capacity: 1)
    private let condition = UnsafeMutablePointer<pthread_cond_t>.allocate(capacity: 1)
    private let sleepers = Atomic(0)

    init() {
        pthread_mutex_init(mutex, nil)
        pthread_cond_init(condition, nil)
    }

    deinit {
        pthread_cond_destroy(condition)
        pthread_mutex_destroy(mutex)
        condition.deallocate()
        mutex.deallocate()
    }

    /// Returns when `condition` is false.
    ///
    /// The thread that makes it false calls `wakeAll` afterwards. Both sides use sequentially consistent atomics, so that
    /// either the waiting thread sees the change or the waking thread sees the sleeper.
    func wait(while condition: () -> Bool) {
        for _ in 0..<Self.spins {
            if !condition() { return }
            decant_pause()
        }
        pthread_mutex_lock(mutex)
        sleepers.add(1, ordering: .sequentiallyConsistent)
        while condition() { pthread_cond_wait(self.condition, mutex) }
        sleepers.subtract(1, ordering: .sequentiallyConsistent)
        pthread_mutex_unlock(mutex)
    }

    func wakeAll() {
        if sleepers.load(ordering: .sequentiallyConsistent) == 0 { return }
        pthread_mutex_lock(mutex)
        pthread_cond_broadcast(condition)
        pthread_mutex_unlock(mutex)
    }
}
