import BuildModel
import Diagnostics
import Planner
import RecipeLanguage
import Testing
import Words

/// `numerics`: which stages it touches, and that it is a field like any other.
@Suite struct NumericsTests {
    private func graph(_ body: String, processor: ProcessorFamily = .avx512BFloat16) throws -> Graph {
        let reading = RecipeReader.read(SourceText(path: "recipe.yaml", text: fixtureHeader + body))
        let recipe = try #require(reading.recipe, "\(DiagnosticRenderer.render(reading.diagnostics))")
        let snapshot = SourceSnapshot(file: "f", digest: Digest(hashing: "f"), path: "/f")
        let sources = ["functions": snapshot, "utterances": snapshot]
        return try #require(try Planner.plan(recipe, sources: sources, processor: processor).graph)
    }

    private let everything = "transfer: KD\nprune: {ratio: 20%}\nquantize: {scheme: W4A16, method: gptq}\n"

    @Test func stagesThatRunAModelHaveTheProfileAndTheFamily() throws {
        let graph = try graph(everything + "numerics: native\n")
        let native = Set(graph.stages.filter { $0.numerics == .native(.avx512BFloat16) }.map(\.kind))
        let portable = Set(graph.stages.filter { $0.numerics == .portable }.map(\.kind))
        #expect(
            native == ["eval.generate", "kd.capture", "kd.train", "prune.score", "quant.calibrate", "sample", "train.sft"])
        #expect(native.isDisjoint(with: portable))
        #expect(native.count + portable.count == Set(graph.stages.map(\.kind)).count)
        #expect(try self.graph("numerics: native\n", processor: .avx2).stages.contains { $0.numerics == .native(.avx2) })
    }

    @Test func withoutItAllIsPortable() throws {
        let standard = try graph(everything)
        #expect(standard.stages.allSatisfy { $0.numerics == .portable })
        #expect(try graph(everything + "numerics: portable\n").shapes == standard.shapes)
    }

    @Test func itsPlaceIsKnown() throws {
        let graph = try graph("vars: {how: native}\nnumerics: ${how}\n")
        let stage = try #require(graph.stages.first { $0.kind == "train.sft" })
        let origin = try #require(stage.origins.first { $0.parameter == "numerics" })
        #expect(origin.field == "numerics")
        // Where the variable has its value: that is what one would edit.
        #expect((origin.file, origin.line, origin.column) == ("recipe.yaml", 8, 13))
        #expect(stage.numerics == .native(.avx512BFloat16))
        let data = try #require(graph.stages.first { $0.kind == "data.generate" })
        #expect(!data.origins.contains { $0.parameter == "numerics" })
    }

    @Test func variantsShareWhatRunsNoModel() throws {
        let both = try graph("matrix: {numerics: [portable, native]}\n")
        #expect(both.targets.map(\.name).prefix(2) == ["portable", "native"])
        for kind in ["data.generate", "data.split", "tokenizer.train", "model.init"] {
            let single = try graph("").stages.count { $0.kind == kind }
            #expect(both.stages.count { $0.kind == kind } == single, "\(kind)")
        }
        let students = both.stages.filter { $0.kind == "kd.train" }
        #expect(students.map(\.numerics) == [.portable, .native(.avx512BFloat16)])
        #expect(Set(students.map(\.name)).count == 2)
    }
}
