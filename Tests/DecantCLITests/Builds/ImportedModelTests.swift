import CanonicalJSON
import Engine
import Foundation
import TestSupport
import Testing

/// Models that come from a GGUF file, which the program wrote itself.
@Suite struct ImportedModelTests {
    static let recipe = """
        decant: 1
        name: tiny
        sources:
          functions: {path: functions.yaml}
          utterances: {path: utterances.yaml}
          base: {path: base/model.gguf}
          text: {path: text.txt}
        data:
          generate: {functions: functions, templates: utterances, count: 400, seed: 3}
          split: {test: 15%, valid: 5%}
        teacher: {from: base, transfer: "SFT(steps: 150, optimizer: muon, learning_rate: 0.004)"}
        student: {init: {hidden: 32, layers: 1, heads: 2, kv_heads: 1, intermediate: 64}}
        transfer: "KD(steps: 10)"
        quantize: {scheme: W8A16, group_size: 32}
        evaluate: {sets: [test], metrics: [exact, perplexity], perplexity: {text: text, context: 48, stride: 20}}
        """

    /// A model that was drawn at random: its weights, and the GGUF file that the program exported of it.
    private static let exported = Result {
        let program = try DecantProgram()
        try program.build()
        try program.run("export", "teacher.init", "base", "--format", "gguf", "--type", "q8_0")
        try program.run("export", "teacher.init", "folder")
        return (
            weights: try Data(contentsOf: program.folder.appending(path: "folder/model.safetensors")),
            gguf: try Data(contentsOf: program.folder.appending(path: "base/model.gguf"))
        )
    }

    /// A folder with a GGUF file, and the recipe that imports it.
    static func program() throws -> DecantProgram {
        let program = try DecantProgram(recipe: recipe)
        let base = program.folder.appending(path: "base", directoryHint: .isDirectory)
        try FileManager.default.createDirectory(at: base, withIntermediateDirectories: true)
        try exported.get().gguf.write(to: base.appending(path: "model.gguf"))
        let lines = (0..<20).map { "Turn on the lights in room \($0).\r\nWhat is the weather like?" }
        try program.write(lines.joined(separator: "\n"), to: "text.txt")
        return program
    }

    @Test func aTeacherFromAFileTeaches() throws {
        let program = try Self.program()
        // The file says how large its model is, so that its training can be forecast.
        let plan = try program.run("plan", "tiny.yaml").output
        #expect(plan.contains("base.model"))
        #expect(plan.contains(/teacher\.sft +train\.sft +\d/), "\(plan)")
        let done = try program.build()
        #expect(done["failed"] == [])
        let ran = done.strings("ran")
        for stage in ["base.model", "teacher.sft", "student.kd", "student.kd.perplexity", "student.kd.W8A16.perplexity"] {
            #expect(ran.contains(stage), "\(stage)")
        }
        let metrics = try #require(try program.run("show", "report", "--json").events.first?["metrics"]?["report.json"])
        let rows = try #require(metrics["rows"]?.array)
        #expect(rows.count == 3)
        for row in rows { #expect((row["perplexity"]?.double ?? 0) > 1) }
        #expect(try program.run("show", "report").output.contains("perplexity"))
        #expect(try program.run("show", "student.kd.perplexity").output.contains("perplexity.json\n{\n  \"context\": 48,"))
        // The tokenizer is that of the file, and the shape too.
        try program.run("export", "base.model", "imported")
        let files = try FileManager.default.contentsOfDirectory(atPath: program.folder.appending(path: "imported").path)
        #expect(Set(files).isSuperset(of: ["config.json", "generation_config.json", "model.safetensors", "tokenizer.json"]))
        #expect(try program.build()["ran"] == [])
    }

    /// Of each block of 32 weights, Q8_0 keeps 255 steps from the largest to its opposite; vectors are exact.
    @Test func theImportedWeightsAreThoseThatWereExported() throws {
        let program = try Self.program()
        try program.run("build", "tiny.yaml", "base.model")
        try program.run("export", "base.model", "imported")
        let original = try SafeTensors(parsing: Self.exported.get().weights)
        let imported = try SafeTensors(reading: program.folder.appending(path: "imported/model.safetensors"))
        #expect(Set(imported.names) == Set(original.names) && original.names.count > 20)
        for name in original.names {
            let (before, after) = (try original.floats(name), try imported.floats(name))
            #expect(try original.tensor(name).shape == imported.tensor(name).shape)
            guard try original.tensor(name).shape.count == 2 else {
                #expect(before == after, "\(name)")
                continue
            }
            for block in stride(from: 0, to: before.count, by: 32) {
                let range = block..<min(block + 32, before.count)
                let step = (before[range].map(abs).max() ?? 0) / 127
                // Half a step, and what float16 rounds of the step.
                let largest = zip(before[range], after[range]).map { abs($0 - $1) }.max() ?? 0
                #expect(largest <= step * 0.5 + step * 127 / 2048, "\(name) at \(block)")
            }
        }
    }

    /// What an import gives is a published folder like any other.
    @Test func aFolderIsImportedAsItIs() throws {
        let program = try Self.program()
        try program.edit(
            "tiny.yaml", "quantize: {scheme",
            "stages: {again: {kind: model.import, inputs: {source: base.model}}}\nquantize: {scheme")
        let events = try program.run("build", "tiny.yaml", "again", "--json").events
        #expect(Self.artifact("again", events) != nil)
        #expect(Self.artifact("again", events) == Self.artifact("base.model", events))
    }

    /// The files count, not where they lie or how they are packed.
    @Test func aFolderAndATarOfItAreOneModel() throws {
        let program = try Self.program()
        try program.run("build", "tiny.yaml", "base.model")
        try program.run("export", "base.model", "published")
        try program.write("left by a program", to: "published/.cache")
        try ProgramRun.output(of: ["tar", "-cf", "published.tar", "published"], in: program.folder)
        try program.edit(
            "tiny.yaml", "base: {path: base/model.gguf}", "base: {path: ./published}\n  packed: {path: published.tar}")
        try program.edit(
            "tiny.yaml", "quantize: {scheme",
            "stages: {again: {kind: model.import, inputs: {source: packed}}}\nquantize: {scheme")
        #expect(try program.run("plan", "tiny.yaml").output.contains("source.folder"))
        let events = try program.run("build", "tiny.yaml", "base.model", "again", "--json").events
        #expect(Self.artifact("again", events) != nil && Self.artifact("again", events) == Self.artifact("base.model", events))
        // A file that nobody reads counts too, as it does of the hub's; one of a program's own does not.
        try program.write("other", to: "published/.cache")
        #expect(try program.run("build", "tiny.yaml", "base.model", "--json").events.last?["ran"] == [])
        try program.write("more words", to: "published/README.md")
        let ran = try program.run("build", "tiny.yaml", "base.model", "--json").events.last?.strings("ran") ?? []
        #expect(ran.contains("base.model"))
    }

    /// A model of the hub is the model that its files make in a folder.
    @Test func aFolderAndANameOfTheHubAreOneModel() throws {
        let program = try Self.program()
        try program.run("build", "tiny.yaml", "base.model")
        try program.run("export", "base.model", "published")
        let commit = String(repeating: "cd", count: 20)
        let files = try FileManager.default.contentsOfDirectory(atPath: program.folder.appending(path: "published").path)
            .sorted()
        let siblings = files.map { "{\"rfilename\": \"\($0)\"}" }.joined(separator: ", ")
        for revision in ["main", commit] {
            try program.write(
                "{\"sha\": \"\(commit)\", \"siblings\": [\(siblings)]}", to: "hub/api/models/decant/tiny/revision/\(revision)")
        }
        try program.shell(
            "mkdir -p hub/decant/tiny/resolve && cp -r published hub/decant/tiny/resolve/\(commit)")
        let server = try FileServer(program.folder.appending(path: "hub"))
        defer { server.stop() }
        program.extraEnvironment = ["HF_ENDPOINT": "http://127.0.0.1:\(server.port)"]
        try program.edit(
            "tiny.yaml", "base: {path: base/model.gguf}",
            "base: {path: ./published}\n  named: {huggingface: decant/tiny, revision: main}")
        try program.edit(
            "tiny.yaml", "quantize: {scheme",
            "stages: {again: {kind: model.import, inputs: {source: named}}}\nquantize: {scheme")
        try program.run("lock", "tiny.yaml")
        let events = try program.run("build", "tiny.yaml", "base.model", "again", "--json").events
        #expect(Self.artifact("again", events) != nil && Self.artifact("again", events) == Self.artifact("base.model", events))
    }

    private static func artifact(_ stage: String, _ events: [JSON]) -> JSON? {
        events.first { $0["event"] == "stage-finished" && $0["stage"]?.string == stage }?["artifact"]
    }

    @Test func aFolderWithoutAModelIsNamedWhereItStands() throws {
        let program = try Self.program()
        try program.write("x", to: "empty/words.txt")
        try program.edit("tiny.yaml", "base: {path: base/model.gguf}", "base: {path: empty}")
        #expect(try program.run("plan", "tiny.yaml", status: 2).errors.contains("end at a file or at a folder with a model"))
    }

    @Test func aFileThatIsNoModelFailsTheStageByName() throws {
        let program = try Self.program()
        let gguf = program.folder.appending(path: "base/model.gguf")
        var content = try Data(contentsOf: gguf)
        content[4] = 9
        try content.write(to: gguf)
        let damaged = try program.run("build", "tiny.yaml", "base.model", status: 1)
        #expect((damaged.output + damaged.errors).contains("model.gguf: the file is damaged: its version is 9"))
        try program.edit("tiny.yaml", "base: {path: base/model.gguf}", "base: {path: text.txt}")
        let other = try program.run("build", "tiny.yaml", "base.model", status: 1)
        #expect(
            (other.output + other.errors).contains("neither a config.json with .safetensors files beside it nor a .gguf file"))
    }

    // MARK: Export

    @Test func everyTypeIsExportedWithTheTexts() throws {
        let program = try Self.program()
        try program.build()
        var sizes: [Int] = []
        for type in ["f16", "q8_0", "q4_0"] {
            let result = try program.run("export", "model", type, "--format", "gguf", "--type", type, "--provenance")
            #expect(result.output.hasPrefix("1 file, "))
            let folder = program.folder.appending(path: type)
            let files = try FileManager.default.contentsOfDirectory(atPath: folder.path).sorted()
            #expect(files == ["README.md", "model.gguf", "provenance.intoto.json", "recipe.yaml"])
            let content = try Data(contentsOf: folder.appending(path: "model.gguf"))
            #expect(content.starts(with: Data("GGUF".utf8)))
            sizes.append(content.count)
            let statement = try JSON(parsing: Data(contentsOf: folder.appending(path: "provenance.intoto.json")))
            #expect((statement["subject"]?.array ?? []).contains { $0["name"] == "model.gguf" })
        }
        #expect(sizes == sizes.sorted(by: >) && Set(sizes).count == 3)
    }

    @Test func whatCannotBeExportedAsGGUFIsSaid() throws {
        let program = try Self.program()
        try program.build()
        let data = try program.run("export", "data", "out", "--format", "gguf", status: 2)
        #expect(data.errors.contains("'data' is no model"))
        let type = try program.run("export", "data", "out", "--type", "q8_0", status: nil)
        #expect(type.status == 2 && type.errors.contains("add --format gguf"))
        #expect(!FileManager.default.fileExists(atPath: program.folder.appending(path: "out").path))
    }
}
