import BuildModel
import CanonicalJSON
import Foundation

/// What is not reproducible about a run: where, when, how long. Kept as a git note on the stage commit.
package struct RunNote: Hashable, Sendable {
    package var host: String
    package var started: Date
    package var seconds: Double
    /// The most memory that the stage had, in bytes; `nil` where nobody knows.
    package var peakMemory: Int?

    package init(
        host: String = ProcessInfo.processInfo.hostName, started: Date, seconds: Double, peakMemory: Int? = nil
    ) {
        self.host = host
        self.started = started
        self.seconds = seconds
        self.peakMemory = peakMemory
    }

    var json: JSON {
        var members: [String: JSON] = [
            "host": .string(host), "started": .string(started.formatted(.iso8601)),
            "seconds": .number((seconds * 1000).rounded() / 1000),
        ]
        if let peakMemory { members["peak_memory"] = .integer(Int64(peakMemory)) }
        return .object(members)
    }
}
