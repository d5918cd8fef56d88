import Foundation

/// How long to wait before a request is made once more: twice as long each time, up to a cap, less a share that differs from
/// request to request, so that those that failed together do not come back together.
package struct Backoff: Sendable {
    /// Seconds.
    package var first: Double
    package var cap: Double

    package init(first: Double = 0.5, cap: Double = 60) { (self.first, self.cap) = (first, cap) }

    /// - Parameters:
    ///   - attempt: that failed, from 1.
    ///   - share: of the request, from 0 up to 1; half of it is taken off.
    package func seconds(after attempt: Int, share: Double) -> Double {
        min(cap, first * pow(2, Double(min(attempt, 30) - 1))) * (1 - share / 2)
    }
}

/// The header with which a server says when to come back.
enum RetryAfter {
    /// Seconds that anybody waits for a server, at most.
    private static let cap = 600.0

    /// - Parameter value: seconds, or a date of HTTP.
    static func seconds(_ value: String?, now: Date = Date()) -> Double? {
        guard let value else { return nil }
        let seconds = Double(value) ?? date(value)?.timeIntervalSince(now)
        guard let seconds, seconds.isFinite else { return nil }
        return min(cap, max(0, seconds))
    }

    private static func date(_ text: String) -> Date? {
        let formatter = DateFormatter()
        formatter.locale = Locale(identifier: "en_US_POSIX")
        formatter.timeZone = TimeZone(secondsFromGMT: 0)
        formatter.dateFormat = "EEE, dd MMM yyyy HH:mm:ss zzz"
        return formatter.date(from: text)
    }
}
