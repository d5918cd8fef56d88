import Foundation
import Synchronization

/// A thread that watches over this process from its first moment.
///
/// It hears the signals that a command asks it to hear, sees standard input end, and notices that the system gives no further
/// threads: libdispatch would wait for one without end and without a word. It is made before other threads, so it works when
/// none can be made anymore.
package final class ProcessWatch: Sendable {
    package typealias Handler = @Sendable () -> Void

    private struct State {
        var handlers: [Int32: Handler] = [:]
        var onInputEnd: Handler?
        /// When the process ends whatever it does then, and with which status.
        var end: (time: Double, status: Int32)?
    }

    private let state = Mutex(State())
    private let pipe: PipeEnds
    private let onStarvation: @Sendable (ThreadShortage) -> Void

    /// - Parameter onStarvation: called when this process has waited for a thread that it does not get. It ends the process.
    /// - Throws: `ThreadShortage` where not even this thread can be made.
    package init(onStarvation: @escaping @Sendable (ThreadShortage) -> Void) throws {
        self.onStarvation = onStarvation
        pipe = try PipeEnds()
        _ = fcntl(pipe.writing, F_SETFL, O_NONBLOCK)
        signalDescriptor = pipe.writing
        try PlainThread.start { [self] in watch() }
    }

    /// Calls `handler` on this watch's thread when one of the signals comes. A signal that this process ignored from its start
    /// stays ignored, as under `nohup`.
    package func hear(_ signals: [Int32], _ handler: @escaping @Sendable (Int32) -> Void) {
        for number in signals {
            var current = sigaction()
            guard sigaction(number, nil, &current) == 0, !current.isIgnored else { continue }
            state.withLock { $0.handlers[number] = { handler(number) } }
            // A handler may do little: it passes the number on.
            signal(number) { number in
                var byte = UInt8(truncatingIfNeeded: number)
                let saved = errno
                _ = write(signalDescriptor, &byte, 1)
                errno = saved
            }
        }
    }

    /// Restores the default actions of the signals that were heard.
    package func stopHearing() {
        let numbers = state.withLock { state in
            defer { state.handlers = [:] }
            return state.handlers.keys.sorted()
        }
        for number in numbers { signal(number, SIG_DFL) }
    }

    /// Calls `handler` when standard input ends.
    package func whenInputEnds(_ handler: @escaping Handler) { state.withLock { $0.onInputEnd = handler } }

    /// Ends this process after some seconds, whatever it does then.
    package func endProcess(after seconds: Double, status: Int32) {
        state.withLock { $0.end = (Self.now + seconds, status) }
    }

    /// Milliseconds from one look to the next.
    private static let interval: Int32 = 250
    /// Seconds without work and without a thread, after which the process is called starved.
    private static let patience = 1.0

    private static var now: Double { seconds(of: CLOCK_MONOTONIC) }

    private static func seconds(of clock: clockid_t) -> Double {
        var time = timespec()
        clock_gettime(clock, &time)
        return Double(time.tv_sec) + Double(time.tv_nsec) / 1e9
    }

    private func watch() {
        var starvation = Starvation()
        while true {
            let watchesInput = state.withLock { $0.onInputEnd != nil }
            var inputs = [
                pollfd(fd: pipe.reading, events: Int16(POLLIN), revents: 0),
                pollfd(fd: watchesInput ? STDIN_FILENO : -1, events: Int16(POLLIN), revents: 0),
            ]
            _ = poll(&inputs, 2, Self.interval)
            var byte: UInt8 = 0
            if inputs[0].revents != 0, read(pipe.reading, &byte, 1) == 1 {
                state.withLock { $0.handlers[Int32(byte)] }?()
            }
            if inputs[1].revents != 0, read(STDIN_FILENO, &byte, 1) <= 0 {
                let handler = state.withLock { state in
                    defer { state.onInputEnd = nil }
                    return state.onInputEnd
                }
                handler?()
            }
            if let end = state.withLock(\.end), Self.now >= end.time { _exit(end.status) }
            if let shortage = starvation.look(at: Self.now, processorTime: Self.seconds(of: CLOCK_PROCESS_CPUTIME_ID)) {
                onStarvation(shortage)
            }
        }
    }

    /// Whether the process waits for a thread: none can be made, it does nothing, and no child runs.
    private struct Starvation {
        private var began: (time: Double, processorTime: Double)?

        mutating func look(at time: Double, processorTime: Double) -> ThreadShortage? {
            guard let shortage = PlainThread.shortage(), !Self.hasRunningChild else {
                began = nil
                return nil
            }
            guard let began, processorTime - began.processorTime < 0.1 * ProcessWatch.patience else {
                began = (time, processorTime)
                return nil
            }
            return time - began.time >= ProcessWatch.patience ? shortage : nil
        }

        /// A child that has ended, and whose end nobody takes, is none.
        private static var hasRunningChild: Bool {
            var information = siginfo_t()
            return waitid(P_ALL, 0, &information, WEXITED | WNOHANG | WNOWAIT) == 0 && information.si_signo == 0
        }
    }
}

/// Where the handler of signals writes. A handler can reach nothing but a global.
private nonisolated(unsafe) var signalDescriptor: Int32 = -1

/// The system makes no further thread for this process.
package struct ThreadShortage: Error, Hashable, Sendable, CustomStringConvertible {
    let reason: String

    package var description: String {
        "no further thread can be started (\(reason)): raise the limit of this user's processes (ulimit -u), of the container's "
            + "(--pids-limit), or of this process's address space (ulimit -v)"
    }
}

/// Threads of the system's own, whose making can fail with an error.
package enum PlainThread {
    private final class Body {
        let run: @Sendable () -> Void
        init(_ run: @escaping @Sendable () -> Void) { self.run = run }
    }

    package static func start(_ body: @escaping @Sendable () -> Void) throws(ThreadShortage) {
        let thread = try make(body)
        pthread_detach(thread)
    }

    /// Makes as many threads as the process will need, all at once, and ends them.
    package static func expect(_ count: Int) throws(ThreadShortage) {
        let gate = Gate()
        var threads: [pthread_t] = []
        defer {
            gate.open()
            for thread in threads { pthread_join(thread, nil) }
        }
        for _ in 0..<count { threads.append(try make { gate.wait() }) }
    }

    /// Why no thread can be made now; `nil` where one can.
    static func shortage() -> ThreadShortage? {
        do throws(ThreadShortage) {
            pthread_join(try make {}, nil)
            return nil
        } catch {
            return error
        }
    }

    private static func make(_ body: @escaping @Sendable () -> Void) throws(ThreadShortage) -> pthread_t {
        var thread = pthread_t()
        let argument = Unmanaged.passRetained(Body(body))
        let failure = pthread_create(
            &thread, nil,
            { argument in
                guard let argument else { return nil }
                Unmanaged<Body>.fromOpaque(argument).takeRetainedValue().run()
                return nil
            }, argument.toOpaque())
        guard failure == 0 else {
            argument.release()
            throw ThreadShortage(reason: String(cString: strerror(failure)))
        }
        return thread
    }

    /// Holds threads until it is opened.
    private final class Gate: Sendable {
        private let condition = NSCondition()
        private let isOpen = Mutex(false)

        func open() {
            condition.lock()
            isOpen.withLock { $0 = true }
            condition.broadcast()
            condition.unlock()
        }

        func wait() {
            condition.lock()
            while !isOpen.withLock({ $0 }) { condition.wait() }
            condition.unlock()
        }
    }
}
