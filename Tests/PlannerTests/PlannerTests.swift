import BuildModel
import CanonicalJSON
import Diagnostics
import Planner
import RecipeLanguage
import Testing

@testable import Kinds

@Suite struct PlannerTests {
    @Test func shortRecipeHasEveryDefault() throws {
        let graph = try plan("")
        #expect(
            graph.names == [
                "source.functions", "source.utterances", "data.rows", "data", "tokenizer", "teacher.init", "teacher.sft",
                "student.init", "teacher.samples", "teacher.judged", "teacher.logits", "student.kd", "teacher.answers",
                "teacher.scores", "teacher.cost", "student.kd.answers", "student.kd.scores", "student.kd.cost", "report",
            ])
        #expect(graph.targets.map(\.name) == ["model", "teacher", "report"])
        #expect(graph.targets.map { graph[$0.stage].name } == ["student.kd", "teacher.sft", "report"])
    }

    @Test func wholeChainIsNamedByWhatHappened() throws {
        let graph = try plan("prune: {ratio: 20%}\nquantize: {scheme: W4A16}\n")
        let models = graph.targets.map { graph[$0.stage].name }
        #expect(models.first == "student.kd.prune[20%].recover.W4A16")
        for name in ["student.kd.importance", "student.kd.prune[20%]", "student.kd.prune[20%].recover"] {
            #expect(graph.stage(named: name) != nil)
        }
        let report = try #require(graph.stages.last)
        #expect(
            report.parameters["rows"]?.array?.compactMap(\.string) == [
                "teacher", "student.kd", "student.kd.prune[20%]", "student.kd.prune[20%].recover",
                "student.kd.prune[20%].recover.W4A16",
            ])
        #expect(
            report.inputs.prefix(2).map { "\($0.name)=\(graph[$0.stage].name)" } == [
                "scores.0=teacher.scores", "cost.0=teacher.cost",
            ])
    }

    /// Input order is part of the key and of the commit's parents: as each kind documents it.
    @Test func inputsStandInTheirKindsOrder() throws {
        let graph = try plan("transfer: RFT+KD\nprune: {}\nquantize: {}\n")
        let expected = [
            "data.generate": ["functions", "templates"], "data.split": ["data"], "tokenizer.train": ["data"],
            "model.init": ["tokenizer"], "sample": ["model", "data"], "judge": ["data", "rollouts"],
            "kd.capture": ["teacher", "data", "judged"], "kd.train": ["model", "logits"], "prune.score": ["model", "data"],
            "prune.apply": ["model", "scores"], "quant.apply": ["model"], "eval.generate": ["model", "data"],
            "eval.score": ["data", "answers"], "eval.cost": ["model", "answers"],
        ]
        for stage in graph.stages {
            if let inputs = expected[stage.kind] { #expect(stage.inputs.map(\.name) == inputs, "\(stage.name)") }
        }
        let rft = try #require(graph.stages.first { $0.name == "student.rft" })
        #expect(
            rft.inputs.map { "\($0.name)=\(graph[$0.stage].name)" } == [
                "model=student.init", "data=data", "judged=teacher.judged",
            ])
        #expect(graph.stage(named: "student.rft.kd.prune[20%].recover.W8A16") != nil)
    }

    /// Every stage's parameters are those of its kind.
    @Test func parametersReadBack() throws {
        let graph = try plan(
            """
            transfer: "KD[0.9CE+0.1FKL](steps: 10, learning_rate: 1e-3, optimizer: adamw, top_k: 8, temperature: 2)"
            prune: {ratio: 1/0}
            """.replacing("1/0", with: "12.5%") + "\nquantize: {group_size: 32}\n")
        let kd = try #require(graph.stages.first { $0.name == "student.kd" })
        #expect(
            try KDTrain(json: kd.parameters)
                == KDTrain(
                    loss: [.init(.forwardKL, weight: 0.1), .init(.crossEntropy, weight: 0.9)], temperature: 2,
                    promptShare: 0, tail: .renormalize,
                    training: .init(
                        steps: 10, batch: 32, learningRate: 1e-3, optimizer: .adamW, warmup: 0.05, weightDecay: 0.01, seed: 2)))
        let logits = try #require(graph.stages.first { $0.name == "teacher.logits" })
        #expect(try KDCapture(json: logits.parameters).k == 8)
        let prune = try #require(graph.stages.first { $0.name == "student.kd.prune[12.5%]" })
        #expect(try PruneApply(json: prune.parameters) == PruneApply(method: .depth, ratio: 0.125))
        let quantized = try #require(graph.stages.first { $0.kind == "quant.apply" })
        #expect(try QuantApply(json: quantized.parameters).groupSize == 32)
    }

    @Test func onlyNeededStagesExist() throws {
        let sft = try plan("transfer: SFT\nprune: none\nquantize: none\n")
        #expect(
            !sft.stages.contains {
                ["sample", "judge", "kd.capture", "kd.train", "prune.score", "quant.apply"].contains($0.kind)
            })
        let rft = try plan("transfer: RFT\nprune: {ratio: 0%}\nquantize: {scheme: none}\n")
        #expect(rft.stages.contains { $0.kind == "judge" })
        #expect(!rft.stages.contains { ["kd.capture", "prune.score", "quant.apply"].contains($0.kind) })
    }

    @Test func recoverySharesTheTeachersLogits() throws {
        let graph = try plan("prune: {ratio: 20%, recover: \"KD(steps: 50)\"}\n")
        #expect(graph.stages.count { $0.kind == "kd.capture" } == 1)
        let recovered = try #require(graph.stages.first { $0.name == "student.kd.prune[20%].recover" })
        #expect(recovered.inputs.map { graph[$0.stage].name } == ["student.kd.prune[20%]", "teacher.logits"])
        let unrecovered = try plan("prune: {ratio: 20%, recover: none}\n")
        #expect(unrecovered.targets.first.map { unrecovered[$0.stage].name } == "student.kd.prune[20%]")
    }

    @Test func sourcesAreFixedOutputs() throws {
        let graph = try plan("")
        let source = try #require(graph.stages.first)
        #expect(
            source.fixedOutput
                == FixedOutput(
                    files: [.init(path: "functions.yaml", digest: Digest(hashing: "functions"))],
                    origin: .path("/recipes/smart-home/functions.yaml")))
        #expect(source.parameters == ["file": "functions.yaml", "sha256": .string(Digest(hashing: "functions").hex)])
        let changed = try plan("", functionsContent: "other")
        #expect(!changed.changes(from: graph).contains("source.utterances"))
        #expect(changed.changes(from: graph).contains("data.rows"))
    }

    /// The files are the key, not where they lie: those of a hub with the same names are the same artifact.
    @Test func aFolderIsASourceOfItsFiles() throws {
        let text = """
            decant: 1
            sources: {rows: {path: rows.jsonl}, m: {path: ./model}}
            data: {ingest: {format: openai, train: rows}}
            teacher: {from: m}
            student: {from: m}
            """
        let reading = RecipeReader.read(SourceText(path: "recipe.yaml", text: text))
        let files = ["tokenizer.json", "config.json", "part/model.safetensors"].map {
            FixedOutput.File(path: $0, digest: Digest(hashing: $0))
        }
        let snapshots = [
            "rows": SourceSnapshot(file: "rows.jsonl", digest: Digest(hashing: "rows"), path: "/rows.jsonl"),
            "m": SourceSnapshot(folder: "/models/m", files: files),
        ]
        let planning = try Planner.plan(try #require(reading.recipe), sources: snapshots)
        let graph = try #require(planning.graph, "\(DiagnosticRenderer.render(planning.diagnostics))")
        let source = try #require(graph.stages.first { $0.name == "source.m" })
        #expect(source.kind == "source.folder")
        #expect(
            source.fixedOutput?.places.map(\.path)
                == ["/models/m/config.json", "/models/m/part/model.safetensors", "/models/m/tokenizer.json"])
        #expect(source.parameters["files"]?.array?.compactMap { $0["path"]?.string } == source.fixedOutput?.files.map(\.path))
        #expect(!source.parameters.canonicalText.contains("/models"))
    }

    @Test func publishedSourcesAreIngested() throws {
        let digest = Digest(hashing: "x").hex
        let graph = try plan(
            "",
            header: """
                decant: 1
                sources:
                  train: {http: "https://example.org/a/train%20full.json?raw=1", sha256: \(digest)}
                  test: {http: https://example.org/a/test.json, sha256: \(digest)}
                data: {ingest: {format: snips, train: [train], test: test}, split: {ood: {functions: [B, A]}}}
                """)
        #expect(graph.names.prefix(4) == ["source.train", "source.test", "data.rows", "data"])
        #expect(graph.stages[2].inputs.map(\.name) == ["train.0", "test.0"])
        #expect(graph.stages[0].fixedOutput?.origin == .url("https://example.org/a/train%20full.json?raw=1", members: []))
        #expect(graph.stages[1].fixedOutput?.files.first?.path == "test.json")
        #expect(graph.stages[3].parameters["out_of_domain"] == ["A", "B"])
        #expect(graph.stages.last?.parameters["sets"] == ["test", "ood"])
    }

    @Test func missingFilesAreReportedWhereTheyAreNamed() throws {
        let reading = RecipeReader.read(SourceText(path: "recipe.yaml", text: fixtureHeader))
        let planning = try Planner.plan(try #require(reading.recipe), sources: [:])
        #expect(planning.graph == nil)
        #expect(planning.diagnostics.map(\.code) == ["missing-file", "missing-file"])
        #expect(planning.diagnostics.map(\.primary.span.text) == ["smart-home/functions.yaml", "smart-home/utterances.yaml"])
    }

    @Test func originsNameTheField() throws {
        let graph = try plan("prune: {ratio: 25%}\ntransfer: \"KD(steps: 77)\"\n")
        let prune = try #require(graph.stages.first { $0.kind == "prune.apply" })
        let ratio = try #require(prune.origins.first { $0.parameter == "ratio" })
        #expect(ratio == Origin(parameter: "ratio", field: "prune.ratio", file: "recipe.yaml", line: 8, column: 16))
        let kd = try #require(graph.stages.first { $0.name == "student.kd" })
        let steps = try #require(kd.origins.first { $0.parameter == "training.steps" })
        #expect(steps == Origin(parameter: "training.steps", field: "transfer.steps", file: "recipe.yaml", line: 9, column: 22))
        #expect(kd.origins.map(\.parameter) == kd.origins.map(\.parameter).sorted())
    }

    /// Parameters of every stage come from somewhere: each has an origin.
    @Test func everyParameterHasAnOrigin() throws {
        let graph = try plan("transfer: RFT+KD\nprune: {}\nquantize: {}\ndescription: x\n")
        for stage in graph.stages where stage.kind != "report" {
            for (name, value) in stage.parameters.sortedMembers {
                let nested = value.object.map { $0.keys.map { "\(name).\($0)" } } ?? [name]
                for parameter in nested {
                    #expect(stage.origins.contains { $0.parameter == parameter }, "\(stage.name): \(parameter)")
                }
            }
        }
    }
}
