import CanonicalJSON

/// How far a running stage is: one line of JSON on the child's standard output.
package struct StageProgress: Hashable, Sendable {
    package var done: Int
    package var total: Int
    /// What is counted: `step`, `row`, `token`, `byte`.
    package var unit: String
    /// Named readings of the moment, such as `loss`.
    package var readings: [String: Double]

    package init(done: Int, total: Int, unit: String, readings: [String: Double] = [:]) {
        self.done = done
        self.total = total
        self.unit = unit
        self.readings = readings
    }

    package var json: JSON {
        [
            "done": .integer(Int64(done)), "total": .integer(Int64(total)), "unit": .string(unit),
            "readings": .object(readings.mapValues(JSON.number)),
        ]
    }

    /// Reads a progress line; `nil` where it is not one.
    package init?(json: JSON) {
        guard let done = json["done"]?.integer, let total = json["total"]?.integer, let unit = json["unit"]?.string,
            let readings = json["readings"]?.object
        else { return nil }
        self.init(done: done, total: total, unit: unit, readings: readings.compactMapValues(\.double))
    }
}
