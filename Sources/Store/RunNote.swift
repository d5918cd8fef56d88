import BuildModel
import CanonicalJSON
import Foundation

/// What is not reproducible about a run: where, when, how long. Kept as a git note on the stage commit.
public struct RunNote: Hashable, Sendable {
    public var host: String
    public var started: Date
    public var seconds: Double
    /// The most memory that the stage had, in bytes; `nil` where nobody knows.
    public var peakMemory: Int?

    public init(
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
