import CanonicalJSON

/// How far a running stage is: one line of JSON on the child's standard output.
package struct StageProgress: Hashable, Sendable {
    package var done: Int
    package var total: Int
    /// What is counted: `step`, `row`, `token`, `byte`.
    package var unit: String
    /// Named readings of the moment, such as `loss`.
    package var readings: [String: Double]
    /// Seconds within which a stage that was asked to stop has saved its work and ends; `nil` before it is asked.
    package var stopsWithin: Double?

    package init(done: Int, total: Int, unit: String, readings: [String: Double] = [:], stopsWithin: Double? = nil) {
        (self.done, self.total, self.unit, self.readings) = (done, total, unit, readings)
        self.stopsWithin = stopsWithin
    }

    /// What a stage may count to, so that differences stay within an `Int`.
    private static let counts = 0...1 << 53
    /// Nobody waits longer for a stage that was asked to stop.
    private static let stops = 0.0...3600

    package var json: JSON {
        var members: [String: JSON] = [
            "done": .integer(Int64(done)), "total": .integer(Int64(total)), "unit": .string(unit),
            "readings": .object(readings.mapValues(JSON.number)),
        ]
        if let stopsWithin { members["stops_within"] = .number(stopsWithin) }
        return .object(members)
    }

    /// Reads a progress line; `nil` where it is not one.
    package init?(json: JSON) {
        guard let done = json["done"]?.integer, let total = json["total"]?.integer, let unit = json["unit"]?.string,
            let readings = json["readings"]?.object, Self.counts.contains(done), Self.counts.contains(total)
        else { return nil }
        self.init(
            done: done, total: total, unit: unit, readings: readings.compactMapValues(\.double),
            stopsWithin: json["stops_within"]?.double.flatMap { Self.stops.contains($0) ? $0 : nil })
    }
}

/// How a stage's process ended.
package struct StageExit: Hashable, Sendable {
    /// The exit status; negative for the signal that ended it.
    package var status: Int32
    /// The most memory that it had, in bytes; `nil` where the runner cannot tell.
    package var peakMemory: Int?

    package init(status: Int32, peakMemory: Int? = nil) { (self.status, self.peakMemory) = (status, peakMemory) }

    /// The status of a stage that was asked to stop and did, before its end: run again, it goes on from its last checkpoint.
    /// The number is `EX_TEMPFAIL` of `sysexits.h`.
    package static let interrupted: Int32 = 75
    /// The status of a stage that has left questions, and goes on once it has their answers.
    package static let asks: Int32 = 76
}
