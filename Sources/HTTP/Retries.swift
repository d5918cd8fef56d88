import Foundation

/// The one rule for requests that fail: how often each is made, and how long to wait in between. It counts the failures of one
/// request.
package struct Retries: Sendable {
    /// Attempts in a row that may fail without bringing the transfer on.
    package var attempts: Int
    package var backoff: Backoff
    private var failures = 0
    private var farthest = 0

    package init(attempts: Int = 4, backoff: Backoff = Backoff()) {
        self.attempts = attempts
        self.backoff = backoff
    }

    /// Bytes that an attempt must bring to count as one that brought the transfer on.
    private static let progress = 1 << 20

    /// Seconds to wait after an attempt that failed; `nil` where it was the last.
    ///
    /// - Parameters:
    ///   - asked: what the server wants in `Retry-After`.
    ///   - reached: bytes that are there by now.
    ///   - subject: what is asked for: requests that failed together do not come back together.
    package mutating func pause(asked: Double?, reached: Int = 0, subject: String) -> Double? {
        if reached >= farthest + Self.progress {
            farthest = reached
            failures = 0
        }
        failures += 1
        guard failures < attempts else { return nil }
        let share = Double(UInt8(truncatingIfNeeded: subject.utf8.reduce(UInt(failures)) { $0 &* 31 &+ UInt($1) })) / 256
        return max(asked ?? 0, backoff.seconds(after: failures, share: share))
    }
}
