import CanonicalJSON
import Foundation

/// A folder of one test, removed with this object.
package final class TemporaryFolder: Sendable {
    package let url: URL

    package init() {
        url = URL.temporaryDirectory.appending(path: "decant-test-\(UUID().uuidString)", directoryHint: .isDirectory)
        // Where this fails, so does the first thing that is written.
        try? FileManager.default.createDirectory(at: url, withIntermediateDirectories: true)
    }

    deinit { try? FileManager.default.removeItem(at: url) }

    package func file(_ path: String) -> URL { url.appending(path: path) }

    /// A folder below this one, whether it exists or not.
    package func folder(_ path: String) -> URL { url.appending(path: path, directoryHint: .isDirectory) }

    /// Writes a file and makes the folders that it needs.
    package func write(_ content: Data, to path: String) throws {
        try FileManager.default.createDirectory(at: file(path).deletingLastPathComponent(), withIntermediateDirectories: true)
        try content.write(to: file(path))
    }

    package func write(_ text: String, to path: String) throws { try write(Data(text.utf8), to: path) }

    package func write(_ json: JSON, to path: String) throws { try write(json.prettyText, to: path) }

    /// Writes files by their paths and returns the folder that holds them all.
    package func write(_ files: [String: Data], below path: String) throws -> URL {
        for (name, content) in files { try write(content, to: "\(path)/\(name)") }
        return folder(path)
    }

    /// The names in this folder, or in one below it, sorted.
    package func names(in path: String = "") throws -> [String] {
        try FileManager.default.contentsOfDirectory(atPath: path.isEmpty ? url.path : file(path).path).sorted()
    }

    package func data(_ path: String) throws -> Data { try Data(contentsOf: file(path)) }

    package func text(_ path: String) throws -> String { try String(contentsOf: file(path), encoding: .utf8) }

    package func json(_ path: String) throws -> JSON { try JSON(parsing: data(path)) }
}
