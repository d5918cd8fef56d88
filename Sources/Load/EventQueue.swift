import CEpoll
import Foundation

/// Of the clock that never jumps.
package typealias Nanoseconds = Int64

enum MonotonicClock {
    static var now: Nanoseconds {
        var time = timespec()
        clock_gettime(CLOCK_MONOTONIC, &time)
        return Nanoseconds(time.tv_sec) * 1_000_000_000 + Nanoseconds(time.tv_nsec)
    }
}

/// What of many descriptors can be read or written, as the kernel says it, and an alarm among them.
final class EventQueue {
    struct Event: Hashable {
        /// Under which the descriptor was added.
        var number: Int
        var reads: Bool
        var writes: Bool
    }

    private let queue: Int32
    private let alarm: Int32
    private var ready = [decant_ready](repeating: decant_ready(), count: Int(DECANT_MOST_READY))

    private static let alarmNumber = UInt32.max

    init() throws(LoadFailure) {
        decant_open_more_files()
        queue = decant_queue_make()
        alarm = decant_alarm_make()
        guard queue >= 0, alarm >= 0, decant_queue_set(queue, true, alarm, Self.alarmNumber, false) == 0 else {
            throw LoadFailure("the kernel gives no queue of events: \(String(cString: strerror(errno)))")
        }
    }

    deinit {
        close(queue)
        close(alarm)
    }

    /// Watches a descriptor until it is closed: for bytes to read, and where wanted for room to write.
    ///
    /// - Parameter isNew: whether it is watched from now on; else what it is watched for changes.
    /// - Returns: whether the kernel does so.
    @discardableResult
    func watch(_ descriptor: Int32, as number: Int, writes: Bool, isNew: Bool) -> Bool {
        decant_queue_set(queue, isNew, descriptor, UInt32(number), writes) == 0
    }

    /// Ends a wait at a time; `nil` sets no alarm.
    func setAlarm(_ time: Nanoseconds?) { _ = decant_alarm_set(alarm, time.map { max($0, 1) } ?? 0) }

    /// What can be read or written; nothing where the alarm rang or the time is over.
    ///
    /// - Parameter milliseconds: to wait, at most.
    func wait(milliseconds: Int32) -> [Event] {
        let count = Int(decant_queue_wait(queue, &ready, DECANT_MOST_READY, milliseconds))
        var events: [Event] = []
        for entry in ready.prefix(max(count, 0)) {
            if entry.number == Self.alarmNumber {
                var rings: UInt64 = 0
                _ = read(alarm, &rings, MemoryLayout<UInt64>.size)
            } else {
                events.append(Event(number: Int(entry.number), reads: entry.reads, writes: entry.writes))
            }
        }
        return events
    }
}
