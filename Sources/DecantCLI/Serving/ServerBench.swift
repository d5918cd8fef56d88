import CanonicalJSON
import Load

/// A load with what people call it.
struct NamedLoad {
    enum Kind: String {
        case clients
        case rate
    }

    let kind: Kind
    let number: Double
    let load: Load

    var name: String {
        let number = JSON.number(number).canonicalText
        return kind == .clients ? (number == "1" ? "1 client" : "\(number) clients") : "\(number) requests/s"
    }
}

/// Loads that are put on one server, one after the other, with what they cost it where it is on this machine.
struct ServerBench {
    private let client: LoadClient
    private let server: ServerAddress
    private let objective: ServiceObjective?
    private let body: (Int) -> [UInt8]
    private let process: ServerProcess?
    private var asked = 0
    private var measured: [(load: NamedLoad, measurement: LoadMeasurement)] = []

    /// - Parameter body: of the request with a number.
    init(
        of client: LoadClient, at server: ServerAddress, objective: ServiceObjective?, body: @escaping (Int) -> [UInt8]
    ) {
        (self.client, self.server, self.objective, self.body) = (client, server, objective, body)
        process = server.isLocal ? ServerProcess(listeningOn: server.port) : nil
    }

    /// - Parameter warmingUp: requests before it that are not measured.
    mutating func measure(_ load: NamedLoad, warmingUp: Int) throws(LoadFailure) {
        if warmingUp > 0 {
            let warmed = try client.measure(.warmUp(requests: warmingUp), body: next)
            asked += warmed.requests.count
        }
        let measurement = try client.measure(load.load, of: process, objective: objective, body: next)
        asked += measurement.requests
        measured.append((load, measurement))
    }

    /// The requests behind those that were made: a question comes again when all have been asked.
    private var next: (Int) -> [UInt8] {
        let start = asked
        return { [body] in body(start + $0) }
    }

    /// What the last load came to, in few words.
    var lastLine: String {
        guard let summary = measured.last?.measurement.summary else { return "" }
        return "\(summary.queriesPerSecond.fixed(1)) answers/s" + (summary.failed > 0 ? ", \(summary.failed) failed" : "")
    }

    func report(model: String) -> ServerBenchReport {
        ServerBenchReport(url: server.url, model: model, loads: measured, process: process)
    }
}
