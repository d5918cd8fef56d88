import CanonicalJSON
import Foundation
import Testing

/// The checkout that the tests belong to.
package enum Checkout {
    package static let root = URL(filePath: #filePath).deletingLastPathComponent().deletingLastPathComponent()
        .deletingLastPathComponent()

    /// A file or folder of the checkout.
    package static func file(_ path: String) -> URL { root.appending(path: path) }

    package static func text(_ path: String) throws -> String { try String(contentsOf: file(path), encoding: .utf8) }

    package static func json(_ path: String) throws -> JSON { try JSON(parsing: Data(contentsOf: file(path))) }

    /// The `decant` program that was built with these tests.
    package static let program = builtProgram("decant")

    /// A program that was built with these tests.
    package static func builtProgram(_ name: String) -> URL {
        URL(filePath: CommandLine.arguments[0]).resolvingSymlinksInPath().deletingLastPathComponent().appending(path: name)
    }

    /// The files below a folder whose names end with `suffix`, sorted by path; build products and stores are left out.
    package static func files(below path: String, suffix: String) -> [URL] {
        let paths = (try? FileManager.default.subpathsOfDirectory(atPath: file(path).path)) ?? []
        return paths.filter { $0.hasSuffix(suffix) && !$0.hasPrefix(".build") && !$0.hasPrefix("cache/") }.sorted()
            .map { file(path).appending(path: $0) }
    }
}

/// Published data that may lie beside the checkout, or in the folder that `DECANT_SHARED_DATA` names.
package enum SharedData {
    package static let folder = existing("")

    /// A folder of the data; `nil` where it is not on this machine.
    package static func existing(_ path: String) -> URL? {
        let beside = Checkout.root.deletingLastPathComponent().appending(path: "shared/data")
        let named = ProcessInfo.processInfo.environment["DECANT_SHARED_DATA"].map { URL(filePath: $0) }
        return [beside, named].compactMap { $0?.appending(path: path) }.first {
            FileManager.default.fileExists(atPath: $0.path)
        }
    }

    package static func read(_ path: String) throws -> Data { try Data(contentsOf: #require(existing(path))) }
}
