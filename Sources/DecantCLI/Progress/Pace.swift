import Foundation

/// How fast a stage counts. What a resumed stage did before it was resumed does not count.
struct Pace {
    private var first: (done: Int, time: Date)?
    private var last: (done: Int, time: Date)?

    mutating func reach(_ done: Int, at time: Date = Date()) {
        // A stage may count anew, for the next part of its work.
        if let last, done < last.done { first = nil }
        if first == nil { first = (done, time) }
        last = (done, time)
    }

    /// Units in a second; `nil` before there are two readings.
    var rate: Double? {
        guard let first, let last, last.done > first.done else { return nil }
        let seconds = last.time.timeIntervalSince(first.time)
        return seconds > 0 ? Double(last.done - first.done) / seconds : nil
    }

    func secondsLeft(to total: Int) -> Double? {
        guard let rate, let last else { return nil }
        return Double(max(0, total - last.done)) / rate
    }
}
