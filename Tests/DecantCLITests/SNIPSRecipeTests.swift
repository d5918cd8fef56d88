import CanonicalJSON
import Foundation
import TestSupport
import Testing

/// `recipes/snips.yaml` on the published files, in a reduced size.
@Suite struct SNIPSRecipeTests {
    /// The files, beside the checkout.
    static let published = SharedData.existing("snips_raw")

    @Test(.enabled(if: published != nil))
    func thePathRunsOnTheImportedFiles() throws {
        let folder = try #require(Self.published)
        let recipe = try String(contentsOf: Checkout.file("recipes/snips.yaml"), encoding: .utf8)
        let program = try DecantProgram(recipe: recipe)
        let files = try FileManager.default.contentsOfDirectory(atPath: folder.path).filter { $0.hasSuffix(".json") }
        #expect(files.count == 14)
        for file in files { try program.run("import", folder.appending(path: file).path) }
        try program.edit(
            "tiny.yaml", "limit: {train: 2000, valid: 60, test: 150, ood: 50}",
            "limit: {train: 200, valid: 10, test: 20, ood: 10}")
        try program.write(
            String(contentsOf: program.folder.appending(path: "tiny.yaml"), encoding: .utf8).replacing(
                /steps: \d+/, with: "steps: 20"),
            to: "tiny.yaml")
        let done = try program.build()
        #expect(done["failed"] == [])
        #expect(done.strings("ran").contains("report"))
        let data = try #require(try program.run("show", "data", "--json").events.first)
        #expect(
            Set((data["files"]?.array ?? []).compactMap { $0["path"]?.string }) == [
                "functions.json", "ood.jsonl", "test.jsonl", "train.jsonl", "valid.jsonl",
            ])
    }
}
