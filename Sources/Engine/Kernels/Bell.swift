import CKernels
import Glibc
import Synchronization

/// Where threads wait until somebody rings: first awake, because most waits are short, then asleep.
final class Bell: @unchecked Sendable {
    /// Looks at the condition before sleeping: some ten microseconds.
    private static let patience = 1000
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

    /// Returns when `condition` is false. Who makes it so rings afterwards; both sides use sequentially consistent atomics,
    /// so that either the sleeper sees the change or the ringer sees the sleeper.
    func wait(while condition: () -> Bool) {
        for _ in 0..<Bell.patience {
            if !condition() { return }
            decant_pause()
        }
        pthread_mutex_lock(mutex)
        sleepers.add(1, ordering: .sequentiallyConsistent)
        while condition() { pthread_cond_wait(self.condition, mutex) }
        sleepers.subtract(1, ordering: .sequentiallyConsistent)
        pthread_mutex_unlock(mutex)
    }

    func ring() {
        if sleepers.load(ordering: .sequentiallyConsistent) == 0 { return }
        pthread_mutex_lock(mutex)
        pthread_cond_broadcast(condition)
        pthread_mutex_unlock(mutex)
    }
}
