import Foundation
import Testing

/// Expected texts in a folder of the checkout.
///
/// A text that is missing is recorded, and all are with `DECANT_RECORD=1`. The test that records fails, so that a person reads
/// what it wrote.
package struct Golden: Sendable {
    package let folder: URL

    /// - Parameter path: from the root of the checkout.
    package init(_ path: String) { folder = Checkout.file(path) }

    package func expect(_ actual: String, equals name: String, sourceLocation: SourceLocation = #_sourceLocation) throws {
        let file = folder.appending(path: name)
        let isRecording = ProcessInfo.processInfo.environment["DECANT_RECORD"] == "1"
        guard !isRecording, let recorded = try? String(contentsOf: file, encoding: .utf8) else {
            try FileManager.default.createDirectory(at: file.deletingLastPathComponent(), withIntermediateDirectories: true)
            try Data(actual.utf8).write(to: file)
            Issue.record("recorded \(name); read it and run the test again", sourceLocation: sourceLocation)
            return
        }
        #expect(actual == recorded, "differs from \(name)", sourceLocation: sourceLocation)
    }
}
