import CanonicalJSON
import Foundation

/// A server of `Tests/Fixtures` on this machine, which works in a folder: it says there what it was asked, and reads there how it
/// is to misbehave.
///
/// Initializers of subclasses are convenient ones: for others, the compiler warns of a recursion that is none.
open class FixtureServer {
    package let folder: URL
    package let port: Int
    private let process = Process()
    /// Keeps a folder of the server's own as long as the server.
    private let own: TemporaryFolder?
    /// The server ends when this process lets go of its input.
    private let lifeline = Pipe()

    private struct NoPort: Error {
        var said: String
    }

    /// - Parameters:
    ///   - script: below `Tests/Fixtures`. Its first line says the port.
    ///   - folder: goes with the server where it is one of its own, which is made where none is given.
    package init(_ script: String, in folder: URL? = nil) throws {
        own = folder == nil ? TemporaryFolder() : nil
        let place = folder ?? own?.url ?? URL.temporaryDirectory
        self.folder = place
        try FileManager.default.createDirectory(at: place, withIntermediateDirectories: true)
        process.executableURL = URL(fileURLWithPath: "/usr/bin/env")
        process.arguments = ["python3", Checkout.file("Tests/Fixtures/\(script)").path, place.path]
        let output = Pipe()
        process.standardOutput = output
        process.standardError = FileHandle.nullDevice
        process.standardInput = lifeline
        try process.run()
        let line = String(decoding: output.fileHandleForReading.availableData, as: UTF8.self)
        guard let number = Int(line.trimmingCharacters(in: .newlines)) else {
            kill(process.processIdentifier, SIGKILL)
            throw NoPort(said: line)
        }
        port = number
    }

    deinit { stop() }

    package func stop() {
        guard process.isRunning else { return }
        kill(process.processIdentifier, SIGKILL)
        process.waitUntilExit()
    }

    /// Makes the server misbehave, as its script says.
    package func set(_ switches: JSON) throws {
        try Data(switches.canonicalBytes).write(to: folder.appending(path: "switches.json"), options: .atomic)
    }

    /// A line for each request so far.
    package func requestLines() -> [String] {
        let text = (try? String(contentsOf: folder.appending(path: "requests"), encoding: .utf8)) ?? ""
        return text.split(separator: "\n").map(String.init)
    }

    /// Forgets the requests so far.
    package func forgetRequests() { try? FileManager.default.removeItem(at: folder.appending(path: "requests")) }
}

/// The files of a folder, served on this machine; `Tests/Fixtures/files/server.py` says how they redirect and ask for tokens.
package final class FileServer: FixtureServer {
    package convenience init(_ folder: URL? = nil) throws { try self.init("files/server.py", in: folder) }

    package var address: String { "http://127.0.0.1:\(port)" }
    /// Path and token of each request.
    package var requests: [String] { requestLines() }
}
