import BuildModel
import CanonicalJSON
import Diagnostics
import RecipeLanguage
import Testing

@testable import Kinds
@testable import Planner

/// Steps of a model that comes from a source, and what is known of it before it is imported.
@Suite struct PretrainedTests {
    private static let header = fixtureHeader.replacing(
        "data:",
        with: "  chat: {http: https://example.org/chat.tar, sha256: \(String(repeating: "ab", count: 32))}\ndata:")

    private static func graph(_ body: String) throws -> Graph { try plan(body, header: header) }

    private func training(_ name: String, in graph: Graph) throws -> JSON {
        let stage = graph[try #require(graph.stage(named: name), "\(graph.names)")]
        return try #require(stage.parameters["training"])
    }

    @Test func aModelFromASourceHasDefaultsOfItsOwn() throws {
        let training = try training("student.sft", in: Self.graph("student: {from: chat}\ntransfer: SFT\n"))
        #expect(training["optimizer"] == "adamw")
        #expect(training["learning_rate"] == nil)
        #expect(training["warmup_steps"] == 20)
        #expect(training["steps"] == 500)
        #expect(training["validation"]?["every"] == 50)
        #expect(training["validation"]?["patience"] == 5)
        #expect(training["validation"]?["rows"] == 128)
    }

    /// Keys of trainings that begin with a model drawn at random are as they were.
    @Test func aModelDrawnAtRandomKeepsItsOwn() throws {
        let training = try training("student.sft", in: Self.graph("transfer: SFT\n"))
        let expected: JSON = [
            "batch": 32, "learning_rate": 0.004, "optimizer": "muon", "seed": 2, "steps": 500, "warmup": 0.05,
            "weight_decay": 0.01,
        ]
        #expect(training.canonicalText == expected.canonicalText)
    }

    @Test func whatAStepSaysHoldsBeforeThem() throws {
        let training = try training(
            "student.sft",
            in: Self.graph(
                """
                student: {from: chat}
                transfer: "SFT(optimizer: muon, learning_rate: 0.001, warmup: 10%, validate_every: 7, max_grad_norm: 1.5)"
                """))
        #expect(training["optimizer"] == "muon" && training["learning_rate"] == 0.001)
        #expect(training["warmup_steps"] == nil && training["warmup"] == 0.1)
        #expect(training["validation"]?["every"] == 7 && training["validation"]?["patience"] == nil)
        #expect(training["max_grad_norm"] == 1.5)
    }

    @Test func rewardsAndAMissingSetEndNothingEarly() throws {
        let rewarded = try training("student.sft.rl", in: Self.graph("student: {from: chat}\ntransfer: SFT+RL\n"))
        #expect(rewarded["optimizer"] == "adamw" && rewarded["validation"] == nil && rewarded["learning_rate"] == nil)
        let header = Self.header.replacing("count: 2k}", with: "count: 2k}\n  split: {valid: 0%}")
        let graph = try plan("student: {from: chat}\ntransfer: SFT\n", header: header)
        #expect(try training("student.sft", in: graph)["validation"] == nil)
    }

    /// The second step and a recovery go on with the same model.
    @Test func theDefaultsGoWithTheModel() throws {
        let graph = try Self.graph("student: {from: chat}\ntransfer: SFT+SFT\nprune: {method: depth, recover: SFT}\n")
        for name in ["student.sft.sft", "student.sft.sft.prune[20%].recover"] {
            #expect(try training(name, in: graph)["optimizer"] == "adamw", "\(name)")
        }
        #expect(try training("student.sft.sft.prune[20%].recover", in: graph)["validation"]?["every"] == 25)
    }

    @Test func epochsStandInThePlaceOfSteps() throws {
        let training = try training("student.sft", in: Self.graph("transfer: \"SFT(epochs: 2.5)\"\n"))
        #expect(training["epochs"] == 2.5 && training["steps"] == nil)
        let reading = RecipeReader.read(
            SourceText(path: "recipe.yaml", text: Self.header + "transfer: \"SFT(epochs: 2, steps: 9)\"\n"))
        #expect(reading.diagnostics.map(\.code).contains("conflict"))
    }

    @Test func aStudentThatLearnsNothingIsEvaluatedAsItIs() throws {
        let graph = try Self.graph(
            "student: {from: chat}\ntransfer: none\nquantize: {scheme: W4A16, method: rtn, group_size: 32}\n")
        #expect(graph.stages.allSatisfy { !$0.kind.hasPrefix("train.") && $0.kind != "kd.train" })
        #expect(graph.stage(named: "chat.model.scores") != nil)
        #expect(graph.stage(named: "chat.model.W4A16.scores") != nil)
        let reading = RecipeReader.read(SourceText(path: "recipe.yaml", text: Self.header + "transfer: none\n"))
        #expect(reading.diagnostics.contains { $0.code == "conflict" && $0.message.contains("drawn at random") })
    }

    @Test func constraintsVary() throws {
        let graph = try Self.graph("transfer: SFT\nmatrix: {evaluate.constrained: [true, false]}\n")
        #expect(graph.stages.count { $0.kind == "train.sft" && $0.name.hasPrefix("student") } == 1)
        let answers = graph.stages.filter { $0.kind == "eval.generate" && $0.name.hasPrefix("student") }
        #expect(
            answers.map(\.name).sorted() == ["false", "true"].map { "student.sft.answers[constrained=\($0)]" })
    }

    private static let known = KnownModel(
        work: ModelWork(parameters: 135_000_000, matrices: 106_000_000, width: 576), columns: [576, 1536])

    private static func planning(_ body: String) throws -> Planning {
        let reading = RecipeReader.read(SourceText(path: "recipe.yaml", text: header + body))
        let recipe = try #require(reading.recipe, "\(DiagnosticRenderer.render(reading.diagnostics))")
        let sources = ["functions", "utterances"].map { name in
            (name, SourceSnapshot(file: "\(name).yaml", digest: Digest(hashing: name), path: "/\(name).yaml"))
        }
        return try Planner.plan(
            recipe, sources: Dictionary(uniqueKeysWithValues: sources), models: ["chat": known])
    }

    @Test func groupsMustFitAnImportedModelThatIsAtHand() throws {
        let body = "student: {from: chat}\ntransfer: SFT\nquantize: {scheme: W4A16, group_size: 128}\n"
        let refused = try Self.planning(body)
        #expect(refused.graph == nil)
        #expect(refused.diagnostics.map(\.code) == ["bad-group"])
        #expect(refused.diagnostics[0].help?.contains("96") == true)
        #expect(try Self.planning(body.replacing("128", with: "64")).graph != nil)
        // Removed channels change the widths.
        #expect(try Self.planning(body + "prune: {method: magnitude, ratio: 10%, recover: none}\n").graph != nil)
    }

    /// Steps, batch and the optimizer enter what an imported model's training is estimated at.
    @Test func theWorkOfAnImportedModelIsKnown() throws {
        func work(_ steps: Int, _ batch: Int) throws -> Double {
            let body = "student: {from: chat}\ntransfer: \"SFT(steps: \(steps), batch: \(batch))\"\n"
            let graph = try #require(try Self.planning(body).graph)
            let stage = try #require(graph.stage(named: "student.sft"))
            return try #require(graph[stage].work)
        }
        let step = 6.0 * 135e6 * 36 * 16 + 100 * 135e6
        let (short, long, wide) = (try work(200, 16), try work(500, 16), try work(200, 32))
        #expect(abs(short / (200 * step) - 1) < 1e-9)
        #expect(abs(long / (500 * step) - 1) < 1e-9)
        #expect(wide > 1.9 * short)
    }

    /// Rows that were looked into have their own count and lengths.
    @Test func epochsAreOfTheRowsThatThereAre() throws {
        var figures = RowFigures()
        figures.rows = ["train": 1000]
        figures.question = 40
        figures.answer = 60
        let reading = RecipeReader.read(
            SourceText(path: "recipe.yaml", text: Self.header + "student: {from: chat}\ntransfer: \"SFT(epochs: 2)\"\n"))
        let recipe = try #require(reading.recipe)
        let workload = Workload(recipe.variants[0].pipeline.data, figures).of(Self.known.work)
        #expect(workload.tokensPerRow == 8 + 10 + 20)
        var training = TrainingParameters.standard
        training.epochs = 2
        training.optimizer = .adamW
        training.settle()
        let expected = 2000.0 / 32 * (6 * 135e6 * 38 * 32 + 100 * 135e6)
        let kind = TrainSFT(training: training)
        let work = try #require(kind.operations(workload))
        #expect(abs(work / expected - 1) < 1e-9)
    }

    /// The list of a group is counted once, and with what functions do.
    @Test func listsAreCountedAsPromptsShowThem() throws {
        var figures = RowFigures()
        (figures.question, figures.answer, figures.signature, figures.described) = (40, 60, 30, 90)
        func workload(_ candidates: String, describing: Bool) throws -> Workload {
            let header = Self.header.replacing(
                "count: 2k}", with: "count: 2k}\n  prompt: tools\n  candidates: \(candidates)")
            let recipe = try #require(RecipeReader.read(SourceText(path: "recipe.yaml", text: header)).recipe)
            return Workload(recipe.variants[0].pipeline.data, figures, describingFunctions: describing)
        }
        #expect(try workload("6", describing: false).tokensPerRow == 38 + 6 * 11)
        #expect(try workload("6", describing: true).tokensPerRow == 38 + 6 * 26)
        let grouped = try workload("{count: 6, group: 12}", describing: true)
        #expect(grouped.tokensPerRow == 38 + 6 * 26)
        #expect(grouped.sharing().tokensPerRow == 38 + 13)
        // A step of four rows has four of them together.
        #expect(grouped.sharing(among: 4).tokensPerRow == 38 + 39)
    }
}
