import Diagnostics
import RecipeLanguage
import Testing

@testable import Declarations
@testable import Kinds

/// Variables, recipes that extend others, and exclusions.
@Suite struct ExpansionTests {
    private let header = """
        decant: 1
        sources: {functions: {path: functions.yaml}, utterances: {path: utterances.yaml}}
        data: {generate: {functions: functions, templates: utterances}}

        """

    private func read(_ text: String, files: [String: String] = [:]) throws -> Recipe {
        let reading = RecipeReader.read(SourceText(path: "recipes/child.yaml", text: text)) { name, _ in
            files[name].map { SourceText(path: "recipes/\(name)", text: $0) }
        }
        return try #require(reading.recipe, "\(DiagnosticRenderer.render(reading.diagnostics))")
    }

    @Test func aVariableIsItsValueWhateverItIs() throws {
        let recipe = try read(
            header
                + """
                vars: {ratio: 20%, shape: {hidden: 64, layers: 6}, seed: "${base}1", base: 4, sets: [test, phrasing]}
                student: {init: "${shape}", seed: "${seed}"}
                prune: {ratio: "${ratio}"}
                evaluate: {sets: "${sets}"}
                judge: {kind: model, endpoint: {url: "https://${host}/v1", model: "$${plain}"}}
                """.replacing("base: 4,", with: "base: 4, host: example.org,"))
        let pipeline = try #require(recipe.variants.first).pipeline
        #expect(pipeline.student.origin.shape?.layers == 6)
        #expect(pipeline.student.seed.value == 41)
        #expect(pipeline.prune.first?.ratio?.value == 0.2)
        // An explanation points to where the value is written.
        #expect(pipeline.prune.first?.ratio?.span.description == "recipes/child.yaml:4:15")
        #expect(pipeline.evaluatedSets == ["test", "phrasing"])
        #expect(pipeline.judge.endpoint?.url.value == "https://example.org/v1")
        #expect(pipeline.judge.endpoint?.model.value == "${plain}")
    }

    @Test func variablesVary() throws {
        let recipe = try read(
            header
                + "vars: {width: 64}\nstudent: {init: {hidden: \"${width}\"}}\nmatrix: {vars.width: [64, 96], prune.ratio: [0%, 50%]}\n"
        )
        #expect(recipe.variants.map { $0.pipeline.student.origin.shape?.hidden } == [64, 64, 96, 96])
        #expect(recipe.variants.map { $0.choices.map(\.label) }.last == ["96", "50%"])
    }

    @Test func axesAreNamedAfterValues() throws {
        let recipe = try read(header + "vars: {small: {hidden: 64}}\nmatrix: {student.init: [\"${small}\", {hidden: 96}]}\n")
        #expect(recipe.variants.map { $0.choices[0].label } == ["hidden=64", "hidden=96"])
    }

    @Test func aRecipeExtendsAnotherFieldByField() throws {
        let base =
            header + """
                name: base
                description: The base.
                student: {init: {hidden: 64, layers: 6}, seed: 9}
                prune: {ratio: 20%}
                quantize: {scheme: W8A16, group_size: 32}
                transfer: RFT
                """
        let middle = "decant: 1\nextends: base.yaml\nstudent: {init: {hidden: 96}}\nquantize: null\n"
        let recipe = try read(
            "decant: 1\nextends: middle.yaml\nstudent: {seed: 10}\ntransfer: KD\n",
            files: ["base.yaml": base, "middle.yaml": middle])
        let pipeline = try #require(recipe.variants.first).pipeline
        #expect(recipe.name.value == "child" && recipe.description.value == "")
        #expect(recipe.bases.map(\.path) == ["recipes/middle.yaml", "recipes/base.yaml"])
        #expect(pipeline.student.origin.shape?.hidden == 96 && pipeline.student.origin.shape?.layers == 6)
        #expect(pipeline.student.seed.value == 10)
        #expect(pipeline.prune.first?.ratio?.span.description == "recipes/base.yaml:7:16")
        #expect(pipeline.quantize == nil)
        #expect(pipeline.transfer.steps.map(\.method.value) == [.kd])
    }

    @Test func anAxisIsExtendedAsAWhole() throws {
        let base = header + "matrix: {transfer: {a: RFT, b: KD}, student.seed: [1, 2]}\n"
        let recipe = try read(
            "decant: 1\nextends: base.yaml\nmatrix: {transfer: {b: SFT}, prune.ratio: [0%]}\n", files: ["base.yaml": base])
        #expect(recipe.variants.map { $0.choices.map(\.label) } == [["b", "1", "0%"], ["b", "2", "0%"]])
        #expect(recipe.variants[0].pipeline.transfer.steps.map(\.method.value) == [.sft])
    }

    @Test func aNullTakesAnAxisAway() throws {
        let base = header + "matrix: {transfer: {a: RFT, b: KD}, student.seed: [1, 2]}\n"
        let recipe = try read(
            "decant: 1\nextends: base.yaml\nmatrix: {transfer: null}\n", files: ["base.yaml": base])
        #expect(recipe.variants.count == 2)
        #expect(recipe.variants.allSatisfy { $0.choices.map(\.field) == ["student.seed"] })
    }

    @Test func exclusionsLeaveCombinationsOut() throws {
        let recipe = try read(
            header + """
                matrix:
                  transfer: [RFT, KD]
                  prune.ratio: [0%, 20%, 50%]
                  exclude:
                    - {transfer: RFT, prune.ratio: 0.2}
                    - {prune.ratio: 50%}
                """)
        #expect(recipe.variants.map { $0.choices.map(\.label) } == [["RFT", "0%"], ["KD", "0%"], ["KD", "20%"]])
    }

    @Test(arguments: [("90", 90.0), ("90 s", 90), ("1.5 min", 90), ("2h", 7200), ("1 d", 86_400), ("2500 ms", 2.5)])
    func durationsAreTyped(text: String, seconds: Double) throws {
        let stage = "stages: {a: {command: ls, outputs: [b], time_limit: \(text)}}\n"
        let exec = try #require(try read(header + stage).variants.first?.pipeline.stages.first?.kind as? Exec)
        #expect(exec.timeLimit == seconds)
    }

    @Test(arguments: [
        ("512 MiB", 536_870_912), ("1GB", 1_000_000_000), ("1.5 GiB", 1_610_612_736), ("4096", 4096), ("2 kB", 2000),
        ("7 B", 7),
    ])
    func sizesAreTyped(text: String, bytes: Int) throws {
        let stage = "stages: {a: {command: ls, outputs: [b], memory: \(text)}}\n"
        let exec = try #require(try read(header + stage).variants.first?.pipeline.stages.first?.kind as? Exec)
        #expect(exec.memory == bytes)
    }
}
