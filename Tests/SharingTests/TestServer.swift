import CanonicalJSON
import Foundation
import Testing

/// A git server with Git LFS on this machine, for the bare repositories of a folder.
final class TestServer {
    let folder: URL
    let port: Int
    private let process = Process()
    /// The server ends when this process lets go of its input.
    private let lifeline = Pipe()

    init(_ fixture: SharingFixture) throws {
        folder = fixture.place("server")
        try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
        try fixture.git("init", "--quiet", "--bare", folder.appending(path: "models.git").path)
        let script = URL(fileURLWithPath: #filePath).deletingLastPathComponent().deletingLastPathComponent()
            .appending(path: "Fixtures/sharing/server.py")
        process.executableURL = URL(fileURLWithPath: "/usr/bin/env")
        process.arguments = ["python3", script.path, folder.path]
        let output = Pipe()
        process.standardOutput = output
        process.standardError = FileHandle.nullDevice
        process.standardInput = lifeline
        try process.run()
        let line = String(decoding: output.fileHandleForReading.availableData, as: UTF8.self)
        port = try #require(Int(line.trimmingCharacters(in: .newlines)))
    }

    deinit {
        kill(process.processIdentifier, SIGKILL)
        process.waitUntilExit()
    }

    var address: String { "http://127.0.0.1:\(port)/models.git" }
    var repository: URL { folder.appending(path: "models.git") }

    /// Makes the server misbehave, as the script says.
    func set(_ switches: JSON) throws {
        try Data(switches.canonicalBytes).write(to: folder.appending(path: "switches.json"))
    }

    /// What was asked since the last call: method, path, range.
    func requests() throws -> [String] {
        let file = folder.appending(path: "requests")
        defer { try? FileManager.default.removeItem(at: file) }
        return ((try? String(contentsOf: file, encoding: .utf8)) ?? "").split(separator: "\n").map(String.init)
    }
}
