import Foundation

/// When requests go out.
package enum Load: Hashable, Sendable {
    /// So many clients at once, each of which asks again as soon as it is answered: until so many requests are out, or so many
    /// seconds are over.
    case closed(clients: Int, requests: Int?, seconds: Double?)
    /// At these seconds from the beginning, whatever is still on its way; ascending.
    case open(arrivals: [Double])

    /// Requests before a load that is measured: what a server does only once is then done.
    package static func warmUp(requests: Int, seconds: Double? = nil) -> Load {
        .closed(clients: min(requests, 8), requests: requests, seconds: seconds)
    }

    /// Arrivals that know nothing of each other (a Poisson process): the times between them are exponentially distributed.
    ///
    /// - Parameters:
    ///   - rate: requests a second in the mean.
    ///   - seconds: until the last one, at most.
    ///   - uniform: a random number in [0, 1) for each request, always the same one.
    package static func poisson(
        rate: Double, requests: Int?, seconds: Double?, uniform: (Int) -> Double
    ) -> Load {
        var arrivals: [Double] = []
        var time = 0.0
        while arrivals.count < requests ?? mostRequests {
            time -= log(1 - uniform(arrivals.count)) / rate
            guard time <= seconds ?? .infinity else { break }
            arrivals.append(time)
        }
        return .open(arrivals: arrivals)
    }

    /// Of a load that is limited by its time alone.
    static let mostRequests = 10_000_000
}

/// What was measured under a load.
package struct LoadRecord: Hashable, Sendable {
    /// In the order in which they ended.
    package var requests: [MeasuredRequest]
    /// From the beginning to the end of the last response.
    package var seconds: Double
    /// Seconds of a processor that this client itself took.
    package var ownProcessorSeconds: Double

    package init(requests: [MeasuredRequest], seconds: Double, ownProcessorSeconds: Double = 0) {
        (self.requests, self.seconds, self.ownProcessorSeconds) = (requests, seconds, ownProcessorSeconds)
    }
}

/// A client that puts load on a server of the OpenAI interface and takes the times of what comes back, all on the thread that
/// calls it.
package struct LoadClient: Sendable {
    let address: SocketAddress
    /// Seconds that a request may take.
    let timeout: Double
    private let head: [UInt8]

    /// What of the interface is asked.
    package enum Interface: String, CaseIterable, Sendable {
        case chat
        case completions

        var path: String { self == .chat ? "/chat/completions" : "/completions" }
    }

    /// - Parameters:
    ///   - key: what the server wants to see of who asks.
    ///   - timeout: seconds that a request may take.
    /// - Throws: where no server takes connections at the address.
    package init(
        _ server: ServerAddress, _ interface: Interface = .chat, key: String? = nil, timeout: Double = 600
    ) throws(LoadFailure) {
        guard key?.utf8.allSatisfy({ $0 > 0x20 && $0 < 0x7F }) ?? true else {
            throw LoadFailure("the key has characters that a header cannot have")
        }
        address = try SocketAddress.reachable(server)
        self.timeout = timeout
        var lines = [
            "POST \(server.path)\(interface.path) HTTP/1.1", "Host: \(server.authority)", "Content-Type: application/json",
            "Accept: text/event-stream", "User-Agent: decant",
        ]
        if let key { lines.append("Authorization: Bearer \(key)") }
        head = Array((lines.joined(separator: "\r\n") + "\r\nContent-Length: ").utf8)
    }

    /// - Parameter body: of the request with this number, from 0; a JSON object that asks for a stream.
    /// - Throws: where the server cannot be reached any more.
    package func measure(_ load: Load, body: @escaping (Int) -> [UInt8]) throws(LoadFailure) -> LoadRecord {
        try LoadRun(load, of: self) { request(body($0)) }.record()
    }

    private func request(_ body: [UInt8]) -> [UInt8] {
        var bytes: [UInt8] = []
        bytes.reserveCapacity(head.count + body.count + 16)
        bytes += head
        bytes += "\(body.count)\r\n\r\n".utf8
        bytes += body
        return bytes
    }
}
