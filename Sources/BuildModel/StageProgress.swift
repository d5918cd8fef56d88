import CanonicalJSON

/// How far a running stage is: one line of JSON on the child's standard output.
public struct StageProgress: Hashable, Sendable {
    public var done: Int
    public var total: Int
    /// What is counted: `step`, `row`, `token`, `byte`.
    public var unit: String
    /// Named readings of the moment, such as `loss`.
    public var readings: [String: Double]

    public init(done: Int, total: Int, unit: String, readings: [String: Double] = [:]) {
        self.done = done
        self.total = total
        self.unit = unit
        self.readings = readings
    }

    public var json: JSON {
        [
            "done": .integer(Int64(done)), "total": .integer(Int64(total)), "unit": .string(unit),
            "readings": .object(readings.mapValues(JSON.number)),
        ]
    }

    /// Reads a progress line; `nil` where it is not one.
    public init?(json: JSON) {
        guard let done = json["done"]?.integer, let total = json["total"]?.integer, let unit = json["unit"]?.string,
            let readings = json["readings"]?.object
        else { return nil }
        self.init(done: done, total: total, unit: unit, readings: readings.compactMapValues(\.double))
    }
}
