import Diagnostics
import Foundation
import RecipeLanguage
import Testing

/// Every bad recipe of `Golden/input` is refused in the words of `Golden/output`.
///
/// Words that are missing, or all with `DECANT_RECORD=1`, are recorded; the test fails then, so that a person reads them.
@Suite struct GoldenTests {
    static let folder = URL(filePath: #filePath).deletingLastPathComponent().appending(path: "Golden")
    static let names = ((try? FileManager.default.contentsOfDirectory(atPath: folder.appending(path: "input").path)) ?? [])
        .filter { $0.hasSuffix(".yaml") }.map { String($0.dropLast(5)) }.sorted()

    @Test func thereAreMany() { #expect(Self.names.count >= 25) }

    @Test func noOutputIsLeftOver() throws {
        let outputs = try FileManager.default.contentsOfDirectory(atPath: Self.folder.appending(path: "output").path)
        #expect(Set(outputs.filter { $0.hasSuffix(".err") }) == Set(Self.names.map { "\($0).err" }))
    }

    @Test(arguments: names)
    func badRecipe(name: String) throws {
        let input = try Data(contentsOf: Self.folder.appending(path: "input/\(name).yaml"))
        let output = Self.folder.appending(path: "output/\(name).err")
        let reading = RecipeReader.read(SourceText(path: "\(name).yaml", bytes: input))
        #expect(reading.recipe == nil)
        let words = DiagnosticRenderer.render(reading.diagnostics)
        let isRecording = ProcessInfo.processInfo.environment["DECANT_RECORD"] == "1"
        guard !isRecording, let expected = try? String(contentsOf: output, encoding: .utf8) else {
            try Data(words.utf8).write(to: output)
            Issue.record("recorded \(name).err; read it and run the test again")
            return
        }
        #expect(words == expected)
    }
}
