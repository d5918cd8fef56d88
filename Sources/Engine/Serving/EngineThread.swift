import Glibc
import Synchronization

/// A thread of its own for one body.
final class EngineThread: Sendable {
    /// What the thread runs.
    private final class Body: Sendable {
        let run: @Sendable () -> Void

        init(_ run: @escaping @Sendable () -> Void) { self.run = run }
    }

    /// `nil` where the system has no thread.
    private let handle: pthread_t?
    private let isJoined = Mutex(false)

    var hasStarted: Bool { handle != nil }

    init(_ run: @escaping @Sendable () -> Void) {
        var handle = pthread_t()
        let body = Unmanaged.passRetained(Body(run))
        let failure = pthread_create(
            &handle, nil,
            { body in
                if let body { Unmanaged<Body>.fromOpaque(body).takeRetainedValue().run() }
                return nil
            }, body.toOpaque())
        if failure != 0 { body.release() }
        self.handle = failure == 0 ? handle : nil
    }

    /// Returns when the thread has ended; at once on the thread itself.
    func join() {
        guard let handle else { return }
        isJoined.withLock { isJoined in
            if isJoined { return }
            isJoined = true
            if pthread_equal(pthread_self(), handle) != 0 {
                pthread_detach(handle)
            } else {
                pthread_join(handle, nil)
            }
        }
    }
}
