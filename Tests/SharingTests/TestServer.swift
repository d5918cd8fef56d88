import Foundation
import TestSupport

/// A git server with Git LFS on this machine, for the bare repositories of a folder.
final class TestServer: FixtureServer {
    convenience init(_ fixture: SharingFixture) throws {
        let folder = fixture.place("server")
        try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
        try fixture.git("init", "--quiet", "--bare", folder.appending(path: "models.git").path)
        try self.init("sharing/server.py", in: folder)
    }

    var address: String { "http://127.0.0.1:\(port)/models.git" }
    var repository: URL { folder.appending(path: "models.git") }

    /// What was asked since the last call: method, path, range.
    func requests() throws -> [String] {
        defer { forgetRequests() }
        return requestLines()
    }
}
