import Foundation
import Synchronization

/// Connections that wait for their next request.
package final class ConnectionPool: Sendable {
    private let idle = Mutex<[HTTPConnection]>([])

    package init() {}

    package func send(_ request: HTTPRequest, to sink: any HTTPSink) throws(HTTPFailure) -> HTTPAnswer {
        let waiting = idle.withLock { $0.popLast() }
        let connection = if let waiting { waiting } else { try HTTPConnection() }
        defer { idle.withLock { $0.append(connection) } }
        return try connection.send(request, to: sink)
    }
}
