import Engine
import Foundation
import Programs
import Synchronization

/// Writes a stage's states one after the other, on a thread that has no part in the stage's numbers: it reads a copy.
final class CheckpointWriter: Sendable {
    private let file: CheckpointFile
    private let log: @Sendable (String) -> Void
    private let state = Mutex(State())
    private let change = NSCondition()

    private struct State {
        var isWriting = false
        var isGivenUp = false
    }

    init(_ file: CheckpointFile, log: @escaping @Sendable (String) -> Void) { (self.file, self.log) = (file, log) }

    /// Begins to write, and returns. Where the system gives no thread, it writes before it returns.
    ///
    /// - Parameters:
    ///   - tensors: that nobody changes any more.
    ///   - end: called when it has ended, with the time that a processor worked for it.
    /// - Precondition: nothing is being written.
    func write(
        done: Int, _ tensors: [String: StoredTensor], then end: @escaping @Sendable (_ processorTime: Duration) -> Void
    ) {
        state.withLock { $0.isWriting = true }
        let work: @Sendable () -> Void = { [self] in
            let before = Self.processorTime
            write(done: done, tensors)
            end(Self.processorTime - before)
            finish()
        }
        do throws(ThreadShortage) {
            try PlainThread.start(work)
        } catch {
            work()
        }
    }

    /// Waits until nothing is being written.
    func wait() {
        change.lock()
        while state.withLock({ $0.isWriting }) { change.wait() }
        change.unlock()
    }

    /// Ends what is being written without a result; the file of before stays.
    func giveUp() {
        state.withLock { $0.isGivenUp = true }
        wait()
    }

    private func write(done: Int, _ tensors: [String: StoredTensor]) {
        do throws(CheckpointFault) {
            try file.write(done: done, tensors) { isGivenUp }
        } catch {
            if !isGivenUp { log("no checkpoint at \(done): \(error)") }
        }
    }

    private var isGivenUp: Bool { state.withLock { $0.isGivenUp } }

    private func finish() {
        change.lock()
        state.withLock { $0.isWriting = false }
        change.broadcast()
        change.unlock()
    }

    /// Of the calling thread.
    private static var processorTime: Duration {
        var time = timespec()
        clock_gettime(CLOCK_THREAD_CPUTIME_ID, &time)
        return Duration.seconds(time.tv_sec) + Duration.nanoseconds(time.tv_nsec)
    }
}
