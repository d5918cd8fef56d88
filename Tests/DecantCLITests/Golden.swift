import Foundation
import Testing

/// Expected outputs beside the tests. One that is missing, or recorded again with DECANT_RECORD=1, fails once.
enum Golden {
    static let folder = DecantProgram.root.appending(path: "Tests/DecantCLITests/Golden", directoryHint: .isDirectory)

    static func expect(_ actual: String, equals name: String, sourceLocation: SourceLocation = #_sourceLocation) throws {
        let file = folder.appending(path: name)
        let recorded = try? String(contentsOf: file, encoding: .utf8)
        guard let recorded, ProcessInfo.processInfo.environment["DECANT_RECORD"] == nil else {
            try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
            try Data(actual.utf8).write(to: file)
            Issue.record("recorded \(name); look at it, then run the tests again", sourceLocation: sourceLocation)
            return
        }
        #expect(actual == recorded, "differs from Golden/\(name)", sourceLocation: sourceLocation)
    }
}
