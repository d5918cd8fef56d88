import CanonicalJSON

/// What one load came to, and what it cost the machine of the server.
package struct LoadMeasurement: Hashable, Sendable {
    package let summary: LoadSummary
    /// Of all processors of the server's machine; `nil` where the kernel does not say.
    package private(set) var joules: Double?
    /// Of processors, that the server took; `nil` where that is not to be seen.
    package private(set) var processorSeconds: Double?

    fileprivate init(_ summary: LoadSummary) { self.summary = summary }

    package var requests: Int { summary.answered + summary.failed }

    package var json: JSON {
        var members = summary.json.object ?? [:]
        let answers = Double(max(summary.answered, 1))
        members["joules_per_answer"] = joules.map { JSON.number($0 / answers) }
        members["server_processors"] = processorSeconds.map { JSON.number($0 / max(summary.seconds, 1e-9)) }
        return .object(members)
    }

    /// Takes the differences of two readings.
    fileprivate mutating func add(_ before: MachineReading, _ after: MachineReading) {
        if let later = after.energy, let earlier = before.energy { joules = later.joules(since: earlier) }
        if let later = after.processorSeconds, let earlier = before.processorSeconds { processorSeconds = later - earlier }
    }
}

/// The counters of a server's machine at one moment.
private struct MachineReading {
    let energy: EnergyMeter?
    let processorSeconds: Double?

    init(_ server: ServerProcess) { (energy, processorSeconds) = (EnergyMeter(), server.processorSeconds) }
}

extension LoadClient {
    /// Puts a load on the server and sums up what was measured.
    ///
    /// - Parameters:
    ///   - server: where it is on this machine.
    ///   - body: of the request with this number, from 0.
    package func measure(
        _ load: Load, of server: ServerProcess?, objective: ServiceObjective?, body: @escaping (Int) -> [UInt8]
    ) throws(LoadFailure) -> LoadMeasurement {
        let before = server.map { MachineReading($0) }
        let record = try measure(load, body: body)
        let after = server.map { MachineReading($0) }
        var measurement = LoadMeasurement(LoadSummary(record, objective: objective))
        if let before, let after { measurement.add(before, after) }
        return measurement
    }
}
