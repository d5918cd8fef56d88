import BuildModel
import CanonicalJSON
import Foundation
import Store
import Testing
import TestSupport

@Suite struct ExportTests {
    let workshop: LineageWorkshop
    var program: DecantProgram { workshop.program }
    /// A directory of this test's own.
    private let temporary = TemporaryFolder()
    var out: URL { temporary.folder("out") }

    init() throws { workshop = try LineageWorkshop.built() }

    private func export(
        _ target: String, _ more: String..., from program: DecantProgram? = nil
    ) throws -> DecantProgram.Result {
        try? FileManager.default.removeItem(at: out)
        let process = try (program ?? self.program).start(["export", target, out.path] + more)
        let output = try #require(process.standardOutput as? Pipe).fileHandleForReading.readDataToEndOfFile()
        let errors = try #require(process.standardError as? Pipe).fileHandleForReading.readDataToEndOfFile()
        process.waitUntilExit()
        return .init(
            status: process.terminationStatus, output: String(decoding: output, as: UTF8.self),
            errors: String(decoding: errors, as: UTF8.self))
    }

    private func text(_ file: String) throws -> String { try String(contentsOf: out.appending(path: file), encoding: .utf8) }
    private var files: [String] { get throws { try FileManager.default.subpathsOfDirectory(atPath: out.path).sorted() } }
    private func clean() { try? FileManager.default.removeItem(at: out) }

    // MARK: Recipe and card

    @Test func aModelComesWithTheRecipeThatItWasBuiltFrom() throws {
        defer { clean() }
        let current = try String(contentsOf: program.folder.appending(path: "tiny.yaml"), encoding: .utf8)
        #expect(try export("model").status == 0)
        #expect(
            try files == [
                "README.md", "config.json", "generation_config.json", "model.safetensors", "quantization.json", "recipe.yaml",
                "tokenizer.json", "tokenizer_config.json",
            ])
        #expect(try text("recipe.yaml") == current)
        // By its commit alone, the build that made it is found.
        #expect(try export(try #require(workshop.first["model"])).status == 0)
        #expect(try text("recipe.yaml").contains("group_size: 32}"))
        // What is no model is copied as it is.
        #expect(try export("report").status == 0)
        #expect(try files == ["report.json", "report.md"])
    }

    @Test func theCardSaysWhatTheModelIs() throws {
        defer { clean() }
        #expect(try export("model").status == 0)
        let parts = try text("README.md").components(separatedBy: "---\n")
        let head = parts[1]
        let body = parts.dropFirst(2).joined(separator: "---\n")
        #expect(head.hasPrefix("library_name: \"transformers\"\npipeline_tag: \"text-generation\"\ndatasets: []\n"))
        for tag in ["decant", "knowledge-distillation", "pruning", "quantization", "w4a16"] {
            #expect(head.contains("  - \"\(tag)\"\n"))
        }
        #expect(!head.contains("reinforcement") && !head.contains("base_model"))

        let report = try #require(try workshop.json("show", "report")["metrics"]?["report.json"])
        let row = try #require(report["rows"]?.array?.last)
        for (set, scores) in row["sets"]?.sortedMembers ?? [] {
            let value = try #require(scores["exact"]).canonicalText
            #expect(
                head.contains(
                    """
                          - dataset:
                              name: "tiny"
                              split: "\(set)"
                              type: "tiny"

                    """))
            #expect(head.contains("            type: \"exact_match\"\n            value: \(value)\n"))
        }
        #expect(body.hasPrefix("\n# tiny\n\nThe whole path in a few seconds.\n"))
        #expect(body.contains("Its teacher is `teacher.sft` (2 layers of width 64), which the same recipe made"))
        #expect(body.contains("| `student.kd.prune[20%].recover.W4A16` | `quant.apply` | `group_size=16, scheme=W4A16` | `"))
        #expect(body.contains("- `functions`: `functions.yaml`, SHA-256 `"))
        #expect(body.contains("This model is the row `student.kd.prune[20%].recover.W4A16`."))
        #expect(body.contains(try text("recipe.yaml")))
        for stage in try #require(workshop.json("lineage", "model")["stages"]?.array)
        where !stage.text("kind").hasPrefix("source.") {
            #expect(body.contains("| `\(stage.text("name"))` | `\(stage.text("kind"))` |"))
        }
        // Every variant's table is there; the row is the model's own, not another one's.
        #expect(try export("teacher").status == 0)
        #expect(try text("README.md").contains("This model is the row `teacher`."))
    }

    /// What was imported from the hub is a base model, what was read as rows is a data set; lock and bases come along.
    @Test func whatComesFromTheHubIsNamed() throws {
        defer { clean() }
        let program = try DecantProgram()
        try store(of: program, model: ["model.safetensors": "weights", "config.json": "{}"])
        #expect(try export("mine:model", from: program).status == 0)
        #expect(try files == ["README.md", "config.json", "extends-1.yaml", "model.safetensors", "recipe.lock", "recipe.yaml"])
        let card = try text("README.md")
        #expect(card.contains("\nbase_model: \"acme/base\"\ndatasets:\n  - \"acme/rows\"\ntags:"))
        #expect(card.contains("- `base`: `b.bin` from pkg:huggingface/acme/base@c0ffee, SHA-256 `"))
        #expect(try text("recipe.lock").contains("c0ffee"))
    }

    /// Files of the artifact stay what they are.
    @Test func theArtifactsOwnFilesAreNotReplaced() throws {
        defer { clean() }
        let program = try DecantProgram()
        try store(
            of: program,
            model: ["model.safetensors": "w", "readme.md": "mine", "recipe.yaml": "mine", "README.decant.md": "too"])
        let result = try export("mine:model", "--provenance", from: program)
        #expect(result.status == 0)
        #expect(
            try files == [
                "README.decant-2.md", "README.decant.md", "extends-1.yaml", "model.safetensors", "provenance.intoto.json",
                "readme.md", "recipe.decant.yaml", "recipe.lock", "recipe.yaml",
            ])
        #expect(try text("readme.md") == "mine" && text("recipe.yaml") == "mine" && text("README.decant.md") == "too")
        #expect(try text("recipe.decant.yaml").hasPrefix("decant: 1"))
        #expect(try text("README.decant-2.md").contains("# mine"))
        #expect(result.output.contains("README.decant-2.md"))
    }

    /// Nothing but an artifact: the card says what it can.
    @Test func aModelOfNoBuildHasACardWithoutARecipe() throws {
        defer { clean() }
        let program = try workshop.copy()
        try program.edit("tiny.yaml", "group_size: 16}", "group_size: 8}")
        let result = try program.run("build", "tiny.yaml", "model", "--json")
        let commit = try #require(result.events.last.map(DecantProgram.commits)?["model"])
        let exported = try export(commit, from: program)
        #expect(exported.errors.contains("no build has this artifact"))
        #expect(try !files.contains("recipe.yaml"))
        #expect(try text("README.md").contains("| `quant.apply` | `group_size=8, scheme=W4A16` |"))
    }

    /// A store with a model that was imported from the hub and trained on rows from there. No version can run that yet.
    private func store(of program: DecantProgram, model: [String: String]) throws {
        let store = try Store(at: program.folder.appending(path: "cache", directoryHint: .isDirectory))
        func artifact(_ files: [String: String]) throws -> Artifact {
            let folder = program.folder.appending(path: UUID().uuidString)
            try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
            for (name, text) in files { try Data(text.utf8).write(to: folder.appending(path: name)) }
            return try store.importDirectory(folder)
        }
        typealias Made = (artifact: Artifact, commit: CommitID)
        func stage(_ kind: String, _ files: [String: String], _ inputs: [(String, Made)] = []) throws -> Made {
            let pins = files.map { ["path": .string($0.key), "sha256": .string(Digest(hashing: $0.value).hex)] as JSON }
            let action = Action(
                kind: kind, revision: 1, parameters: kind.hasPrefix("source.") ? ["files": .array(pins)] : [:],
                inputs: inputs.map { .init(name: $0.0, artifact: $0.1.artifact.digest) },
                numerics: .portable)
            let artifact = try artifact(files)
            return (artifact, try store.record(action, parents: inputs.map(\.1.commit), artifact: artifact))
        }
        let base = try stage("source.huggingface", ["b.bin": "b"])
        let rows = try stage("source.huggingface", ["r.jsonl": "r"])
        let imported = try stage("model.import", ["model.safetensors": "b"], [("source", base)])
        let data = try stage("data.ingest", ["rows.jsonl": "rows"], [("train.0", rows)])
        let trained = try stage("train.sft", model, [("model", imported), ("data", data)])
        let recipe = """
            decant: 1
            name: mine
            extends: other.yaml
            student: {from: base}
            transfer: SFT
            """
        let other = """
            decant: 1
            sources:
              base: {huggingface: acme/base, revision: main}
              rows: {huggingface: acme/rows, revision: main}
            data: {ingest: {format: decant, train: rows}, split: {test: 10%}}
            """
        let lock = """
            {"decant_lock": 1, "sources": {"base": {
              "request": {"huggingface": "acme/base", "member": [], "revision": "main"}, "revision": "c0ffee",
              "files": [{"path": "b.bin", "sha256": "\(Digest(hashing: "b"))"}]}}}
            """
        let stages = [
            ("source.base", base), ("source.rows", rows), ("base", imported), ("data", data), ("student.sft", trained),
        ]
        _ = try store.recordBuild(
            BuildRecord(
                recipe: "mine", recipeText: recipe, companions: ["recipe.lock": lock, "extends-1.yaml": other],
                stages: stages.map { .init(name: $0.0, commit: $0.1.commit) },
                targets: [(name: "model", commit: trained.commit, artifact: trained.artifact)], summary: "5 ran"))
    }

    // MARK: Provenance

    /// The fields that in-toto Statement v1 and SLSA Provenance v1 require, each of its type.
    @Test func theProvenanceHasTheShapeOfItsStandards() throws {
        defer { clean() }
        #expect(try export("model", "--provenance").status == 0)
        let statement = try JSON(parsing: text("provenance.intoto.json"))
        #expect(statement["_type"] == "https://in-toto.io/Statement/v1")
        #expect(statement["predicateType"] == "https://slsa.dev/provenance/v1")
        let subjects = try #require(statement["subject"]?.array)
        #expect(try Set(subjects.map { $0.text("name") }) == Set(files).subtracting(["provenance.intoto.json"]))
        for subject in subjects {
            let content = try Data(contentsOf: out.appending(path: subject.text("name")))
            #expect(subject["digest"]?["sha256"]?.string == Digest(hashing: content).hex)
        }
        let definition = try #require(statement["predicate"]?["buildDefinition"])
        #expect(URL(string: definition.text("buildType"))?.scheme == "https")
        #expect(definition["externalParameters"]?["target"] == "tiny:model")
        let recipe = try Digest(hashing: text("recipe.yaml")).hex
        #expect(definition["externalParameters"]?["recipe"]?["digest"]?["sha256"]?.string == recipe)
        #expect(definition["internalParameters"]?.object != nil)
        for dependency in try #require(definition["resolvedDependencies"]?.array) {
            // A resource descriptor has a name here, and always a digest of lower-case hexadecimal digits.
            #expect(!dependency.text("name").isEmpty)
            let digests = try #require(dependency["digest"]?.object)
            #expect(digests.count == 1)
            for (algorithm, digest) in digests {
                let digits = try #require(["sha256": 64, "gitCommit": 40][algorithm])
                #expect(digest.string?.wholeMatch(of: /[0-9a-f]+/) != nil && digest.string?.count == digits)
            }
        }
        let details = try #require(statement["predicate"]?["runDetails"])
        #expect(URL(string: try #require(details["builder"]).text("id"))?.scheme == "https")
        let metadata = try #require(details["metadata"])
        let times = try ["startedOn", "finishedOn"].map { try Date(metadata.text($0), strategy: .iso8601) }
        #expect(times[0] <= times[1])
        #expect(times[1] <= Date())
    }

    @Test func theProvenanceNamesEverySourceAndEveryStage() throws {
        defer { clean() }
        #expect(try export("model", "--provenance").status == 0)
        let statement = try JSON(parsing: text("provenance.intoto.json"))
        let dependencies = try #require(statement["predicate"]?["buildDefinition"]?["resolvedDependencies"]?.array)
        func digests(_ algorithm: String) -> Set<String> { Set(dependencies.compactMap { $0["digest"]?[algorithm]?.string }) }
        let (commits, contents) = (digests("gitCommit"), digests("sha256"))
        let stages = try #require(workshop.json("lineage", "model")["stages"]?.array)
        #expect(stages.count == 16)
        for stage in stages {
            #expect(commits.contains(stage.text("commit")), "\(stage.text("name"))")
            #expect(contents.contains(stage.text("artifact")), "\(stage.text("name"))")
        }
        for file in ["functions.yaml", "utterances.yaml", "tiny.yaml"] {
            let content = try Data(contentsOf: program.folder.appending(path: file))
            #expect(contents.contains(Digest(hashing: content).hex), "\(file)")
        }
        #expect(commits.contains(try workshop.json("show", "tiny").text("commit")))
        // What is no model has a provenance too.
        #expect(try export("report", "--provenance").status == 0)
        #expect(try files == ["provenance.intoto.json", "report.json", "report.md"])
    }
}
