import BuildModel
import Foundation
import Testing

@testable import Fetching

/// A folder for one test of fetching, with what makes wheels, archives and repositories in it.
final class FetchFixture {
    let folder = URL.temporaryDirectory.appending(path: "decant-fetch-test-\(UUID().uuidString)", directoryHint: .isDirectory)

    init() throws { try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true) }
    deinit { try? FileManager.default.removeItem(at: folder) }

    func file(_ path: String) -> URL { folder.appending(path: path) }

    func write(_ text: String, to path: String) throws {
        try FileManager.default.createDirectory(at: file(path).deletingLastPathComponent(), withIntermediateDirectories: true)
        try Data(text.utf8).write(to: file(path))
    }

    /// Runs a program in the folder.
    ///
    /// - Returns: what it wrote to its standard output, without the last line break.
    @discardableResult
    func run(_ command: String..., input: String? = nil) throws -> String {
        let process = Process()
        process.executableURL = URL(fileURLWithPath: "/usr/bin/env")
        process.arguments = command
        process.currentDirectoryURL = folder
        process.environment = ProcessInfo.processInfo.environment.merging([
            "GIT_CONFIG_GLOBAL": "/dev/null", "GIT_AUTHOR_NAME": "a", "GIT_AUTHOR_EMAIL": "a@b", "GIT_COMMITTER_NAME": "a",
            "GIT_COMMITTER_EMAIL": "a@b",
        ]) { $1 }
        let output = Pipe()
        process.standardOutput = output
        try process.run()
        let text = String(decoding: output.fileHandleForReading.readDataToEndOfFile(), as: UTF8.self)
        process.waitUntilExit()
        try #require(process.terminationStatus == 0, "\(command)")
        return text.trimmingCharacters(in: .newlines)
    }

    /// Makes a zip archive; names are taken as they are.
    func zip(_ members: [(String, String)], as name: String) throws {
        let list = members.map { "('\($0.0)', '\($0.1)')" }.joined(separator: ", ")
        try run(
            "python3", "-c",
            """
            import os, zipfile
            os.makedirs(os.path.dirname('\(name)') or '.', exist_ok=True)
            with zipfile.ZipFile('\(name)', 'w', zipfile.ZIP_DEFLATED) as archive:
                for path, content in [\(list)]: archive.writestr(path, content)
            """)
    }

    /// Fetches and reads what came: contents by path.
    func fetch(_ origin: FixedOutput.Origin, environment: [String: String] = [:]) async throws -> [String: String] {
        let directory = file("fetched-\(UUID().uuidString)")
        let fetcher = NetworkFetcher(environment: ProcessInfo.processInfo.environment.merging(environment) { $1 })
        let paths = try await fetcher.fetch(origin, into: directory)
        #expect(paths == paths.sorted())
        // Nothing else is left behind, in the directory or beside it.
        #expect(try FileManager.default.contentsOfDirectory(atPath: folder.path).allSatisfy { !$0.hasPrefix("decant-fetch") })
        let all = try FileManager.default.subpathsOfDirectory(atPath: directory.path)
        #expect(Set(paths).isSubset(of: Set(all)))
        return Dictionary(
            uniqueKeysWithValues: try paths.map {
                ($0, try String(contentsOf: directory.appending(path: $0), encoding: .utf8))
            })
    }

    /// The message of the failure that a fetch ends with.
    func failure(_ origin: FixedOutput.Origin, environment: [String: String] = [:]) async -> String {
        do {
            return "no failure: \(try await fetch(origin, environment: environment))"
        } catch {
            return "\(error)"
        }
    }
}

/// A server on this machine for the files of a folder: `X.redirect` holds where `X` leads to, `X.private` makes `X` ask for a
/// token, `X` itself is its content. It notes each path and what the request's token was.
final class FakeServer {
    let port: Int
    private let process = Process()
    private let folder: URL

    var address: String { "http://127.0.0.1:\(port)" }
    var requests: [String] {
        ((try? String(contentsOf: folder.appending(path: "requests"), encoding: .utf8)) ?? "")
            .split(separator: "\n").map(String.init)
    }

    init(_ folder: URL) throws {
        self.folder = folder
        process.executableURL = URL(fileURLWithPath: "/usr/bin/env")
        process.arguments = ["python3", "-u", "-c", Self.program]
        process.currentDirectoryURL = folder
        let output = Pipe()
        process.standardOutput = output
        process.standardError = FileHandle.nullDevice
        // The server ends when this process lets go of its input.
        process.standardInput = lifeline
        try process.run()
        let line = String(decoding: output.fileHandleForReading.availableData, as: UTF8.self)
        port = try #require(Int(line.trimmingCharacters(in: .newlines)))
    }

    private let lifeline = Pipe()

    deinit {
        kill(process.processIdentifier, SIGKILL)
        process.waitUntilExit()
    }

    private static let program = """
        import http.server, os, sys, threading
        class Handler(http.server.BaseHTTPRequestHandler):
            def do_GET(self):
                token = self.headers.get('Authorization', '-')
                with open('requests', 'a') as log: log.write(self.path + ' ' + token + '\\n')
                file = self.path[1:]
                if os.path.exists(file + '.redirect'):
                    self.send_response(302)
                    self.send_header('Location', open(file + '.redirect').read())
                    self.send_header('Content-Length', '0')
                    return self.end_headers()
                private = os.path.exists(file + '.private') and token == '-'
                found = os.path.isfile(file) and not private
                content = open(file, 'rb').read() if found else b'no'
                self.send_response(200 if found else 401 if private else 404)
                self.send_header('Content-Length', str(len(content)))
                self.end_headers()
                self.wfile.write(content)
            def log_message(self, *arguments): pass
        server = http.server.ThreadingHTTPServer(('127.0.0.1', 0), Handler)
        print(server.server_port)
        threading.Thread(target=lambda: (sys.stdin.read(), os._exit(0)), daemon=True).start()
        server.serve_forever()
        """
}
