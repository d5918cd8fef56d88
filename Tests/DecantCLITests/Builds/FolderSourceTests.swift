import CanonicalJSON
import EncoderFixtures
import Foundation
import TestSupport
import Testing

/// Encoders and adapters in a folder beside the recipe, and in a tar of it.
@Suite struct FolderSourceTests {
    /// The digest of what a stage gives.
    private static func artifact(_ stage: String, _ program: DecantProgram) throws -> JSON {
        let events = try program.run("build", "tiny.yaml", stage, "--json").events
        let done = events.first { $0["event"] == "stage-finished" && $0["stage"]?.string == stage }
        return try #require(done?["artifact"], "\(stage)")
    }

    @Test func anEncoderFindsTheSameFromAFolderAndFromATar() throws {
        let program = try RetrievalRecipeTests.program()
        for (path, content) in SmallEncoder.files() {
            let file = program.folder.appending(path: path)
            try FileManager.default.createDirectory(at: file.deletingLastPathComponent(), withIntermediateDirectories: true)
            try content.write(to: file)
        }
        try program.shell("tar -czf encoder.tar.gz encoder")
        try program.edit("tiny.yaml", "facts: {path: facts.yaml}", "facts: {path: facts.yaml}, small: {path: encoder}")
        try program.edit("tiny.yaml", "{method: bm25, top_k: 3}", "{method: embedding, encoder: small, top_k: 3}")
        let folder = try Self.artifact("data.retrieved", program)
        try program.edit("tiny.yaml", "small: {path: encoder}", "small: {path: encoder.tar.gz}")
        #expect(try Self.artifact("data.retrieved", program) == folder)
    }

    @Test func adaptersMergeToTheSameModelFromAFolderAndFromATar() throws {
        let program = try DecantProgram()
        try program.edit("tiny.yaml", "KD[0.5FKL+0.5CE](steps: 100)", "SFT(steps: 5, lora: 4)")
        let merged = try Self.artifact("student.sft", program)
        try program.run("export", "student.sft.adapters", "adapters")
        try program.shell("tar -cf adapters.tar adapters")
        try program.edit("tiny.yaml", "sources:\n", "sources:\n  folder: {path: ./adapters}\n  tar: {path: adapters.tar}\n")
        let stages = ["folder", "tar"].map {
            "  by_\($0): {kind: adapter.merge, inputs: {model: student.init, adapters: \($0)}}\n"
        }
        try program.edit("tiny.yaml", "sources:\n", "stages:\n\(stages.joined())sources:\n")
        #expect(try Self.artifact("by_folder", program) == merged)
        #expect(try Self.artifact("by_tar", program) == merged)
    }
}
