import BuildModel
import Foundation
import HTTP
import TestSupport
import Testing

@testable import Fetching

/// A folder for one test of fetching, with what makes wheels, archives and repositories in it.
final class FetchFixture {
    private let place: TemporaryFolder
    var folder: URL { place.url }

    init() throws { place = TemporaryFolder() }

    func file(_ path: String) -> URL { folder.appending(path: path) }

    func write(_ text: String, to path: String) throws { try place.write(text, to: path) }

    /// Runs a program in the folder.
    ///
    /// - Returns: what it wrote to its standard output, without the last line break.
    @discardableResult
    func run(_ command: String..., input: String? = nil) throws -> String {
        try ProgramRun.output(
            of: command, in: folder,
            environment: ProcessInfo.processInfo.environment.merging([
                "GIT_CONFIG_GLOBAL": "/dev/null", "GIT_AUTHOR_NAME": "a", "GIT_AUTHOR_EMAIL": "a@b", "GIT_COMMITTER_NAME": "a",
                "GIT_COMMITTER_EMAIL": "a@b",
            ]) { $1 }, input: input?.data(using: .utf8)
        ).trimmingCharacters(in: .newlines)
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
        let fetcher = NetworkFetcher(
            environment: ProcessInfo.processInfo.environment.merging(environment) { $1 },
            backoff: Backoff(first: 0.01, cap: 0.05))
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
