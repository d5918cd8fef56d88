import Diagnostics
import RecipeLanguage
import Testing

@testable import Declarations

@Suite struct RecipeReaderTests {
    private let header = """
        decant: 1
        sources: {functions: {path: functions.yaml}, utterances: {path: utterances.yaml}}
        data: {generate: {functions: functions, templates: utterances}}

        """

    private func read(_ body: String, path: String = "recipes/smart-home.yaml") throws -> Recipe {
        let reading = RecipeReader.read(SourceText(path: path, text: header + body))
        return try #require(reading.recipe, "\(DiagnosticRenderer.render(reading.diagnostics))")
    }

    private func pipeline(_ body: String) throws -> Pipeline { try #require(try read(body).variants.first).pipeline }

    @Test func twelveLinesAreEnough() throws {
        let recipe = try read("")
        #expect(recipe.name.value == "smart-home" && !recipe.name.isWritten)
        #expect(recipe.variants.count == 1)
        #expect(recipe.sources.map(\.name.value) == ["functions", "utterances"])
        let pipeline = try pipeline("")
        #expect(pipeline.prune.isEmpty && pipeline.quantize == nil)
        #expect(pipeline.evaluatedSets == ["test", "phrasing", "values"])
        #expect(pipeline.student.origin.shape?.hidden == 128 && pipeline.teacher.origin.shape?.hidden == 160)
    }

    /// The next window may begin where the last one ended.
    @Test func aStrideMayBeAsLongAsAWindow() throws {
        let evaluate = try pipeline(
            "evaluate: {metrics: [perplexity], perplexity: {text: functions, stride: 512, context: 512}}"
        ).evaluate
        #expect(evaluate.perplexity?.kind.stride == 512)
    }

    /// What the published layout has words for.
    @Test(arguments: [
        ("W4A16", ["rtn", "gptq", "quantease"]), ("W8A16", ["rtn", "gptq", "quantease"]),
        ("W8A8-INT8", ["rtn", "gptq", "quantease", "smoothquant"]), ("W8A8-FP8", ["rtn"]),
    ])
    func aSchemeIsMadeByItsMethods(scheme: String, possible: [String]) {
        let accepted = ["rtn", "gptq", "quantease", "smoothquant"].filter { method in
            let body = "quantize: {scheme: \(scheme), method: \(method)}"
            return RecipeReader.read(SourceText(path: "recipe.yaml", text: header + body)).recipe != nil
        }
        #expect(accepted == possible)
    }

    /// Written out, the defaults are the defaults: the list in the documentation of `Recipe` is right.
    @Test func everyFieldIsAccepted() throws {
        let body = """
            name: smart-home
            description: Voice commands for a home.
            tokenizer: {vocabulary: 512}
            teacher: {init: {hidden: 160, layers: 4, heads: 4, kv_heads: 2, intermediate: 320}, seed: 1}
            student: {init: {hidden: 128, layers: 4, heads: 4, kv_heads: 2, intermediate: 256, tied: true}, seed: 2}
            sample: {samples: 1, temperature: 0.7, max_tokens: 64, seed: 7}
            judge: {kind: ast, keep: 1}
            transfer: "KD[FKL](steps: 500, batch: 32, optimizer: muon, learning_rate: 4e-3, warmup: 5%, weight_decay: 0.01,
                       temperature: 1, top_k: 16)"
            prune: {method: depth, ratio: 20%, samples: 256, recover: "KD(steps: 150)"}
            quantize: {scheme: W8A16, method: rtn, group_size: 128, ignore: [lm_head]}
            evaluate: {max_tokens: 64}
            """
        let data = """
            templates: utterances, count: 6k, seed: 7, hold_out: {templates: 15%, values: 5%}}, candidates: 0, prompt: query,
              split: {test: 10%, valid: 2%, limit: {}, seed: 7}
            """
        let text = header.replacing("templates: utterances}", with: data) + body
        let written = try #require(RecipeReader.read(SourceText(path: "a.yaml", text: text)).recipe?.variants.first?.pipeline)
        let standard = try pipeline("prune: {}\nquantize: {}\n")
        #expect(values(of: written) == values(of: standard))
        // Metrics depend on the task.
        #expect(try pipeline("evaluate: {metrics: [ar, exact, flops]}").metrics.value == standard.metrics.value)
    }

    /// All values of a tree of structs without fields and places.
    private func values(of value: Any) -> [String] {
        let mirror = Mirror(reflecting: value)
        if let inner = mirror.children.first(where: { $0.label == "value" })?.value, mirror.children.count == 2 {
            return values(of: inner)
        }
        if mirror.children.isEmpty { return ["\(value)"] }
        return mirror.children.filter { !["field", "span", "place"].contains($0.label) }.flatMap { values(of: $0.value) }
    }

    @Test func samplesAreThereUnlessTheRecipeSaysNone() throws {
        #expect(try pipeline("").sample?.samples == 1)
        #expect(try pipeline("sample:\n").sample?.temperature == 0.7)
        #expect(try pipeline("sample: none\n").sample == nil)
    }

    @Test func theDesignsRecipeReads() throws {
        let recipe = try read(
            """
            name: smart-home
            description: Voice commands for a home.
            teacher: {init: {hidden: 256, layers: 6, heads: 8, kv_heads: 2, intermediate: 1024}}
            student: {init: {hidden: 128, layers: 4, heads: 4, kv_heads: 2, intermediate: 512}}
            judge:   {kind: ast}
            transfer: KD[0.5FKL+0.5CE]
            prune:    {method: depth, ratio: 20%}
            quantize: {scheme: W4A16, method: rtn, group_size: 128}
            evaluate: {sets: [test], metrics: [ar, exact, flops]}
            matrix:
              transfer: [RFT, KD, "KD[0.9FKL+0.1CE]"]
              prune.ratio: [0%, 20%, 30%]
            """)
        #expect(recipe.variants.count == 9)
        #expect(recipe.variants.map { $0.choices.map(\.label) }.first == ["RFT", "0%"])
        #expect(recipe.variants.map { $0.pipeline.prune.first?.ratio?.value }.prefix(3) == [nil, 0.2, 0.3])
        #expect(recipe.variants.last?.pipeline.prune.first?.ratio?.span.description == "recipes/smart-home.yaml:15:26")
    }

    @Test func valuesKnowFieldAndPlace() throws {
        let pipeline = try pipeline("quantize:\n  group_size: 64\n")
        let quantize = try #require(pipeline.quantize)
        #expect(quantize.groupSize.field == "quantize.group_size" && quantize.groupSize.isWritten)
        #expect(quantize.groupSize.span.description == "recipes/smart-home.yaml:5:15")
        // A default stands where the field around it is written.
        #expect(!quantize.scheme.isWritten && quantize.scheme.span.text == "quantize")
        #expect(pipeline.judge.kind.span.description == "recipes/smart-home.yaml:1:1")
    }

    @Test(arguments: ["6000", "6k", "6_000", "'6000'", "0.006m", "6e3"])
    func countsAreSpelledManyWays(count: String) throws {
        #expect(try pipeline("evaluate: {max_tokens: 64}\nprune: {samples: \(count)}").prune.first?.score.samples == 6000)
    }

    @Test(arguments: ["20%", "0.2", "0.20", ".2", "2e-1", "'20%'", "20.0%", "20 %"])
    func sharesAreSpelledManyWays(share: String) throws {
        #expect(try pipeline("prune: {ratio: \(share)}").prune.first?.ratio?.value == 0.2)
    }

    @Test(arguments: ["0x10", "inf", "nan", "1e999", "-", "%", "1..2", "k", "1kk", ""])
    func otherSpellingsAreNoNumbers(text: String) {
        let reading = RecipeReader.read(SourceText(path: "a.yaml", text: header + "prune: {samples: '\(text)'}"))
        #expect(reading.diagnostics.map(\.code) == ["wrong-type"])
    }

    @Test(arguments: ["", "prune: none", "prune:", "prune: {ratio: 0%}", "prune: ~"])
    func nothingIsPruned(body: String) throws { #expect(try pipeline(body).prune.isEmpty) }

    @Test func transferHasMeaning() throws {
        let pipeline = try pipeline(
            "transfer: \"RFT(steps: 10, optimizer: adamw) + KD[0.9CE + FKL](top_k: 8, temperature: 2.5)\"")
        guard case .rft(let rejection) = try #require(pipeline.transfer.steps.first).kind,
            case .kd(let distillation) = try #require(pipeline.transfer.steps.last).kind
        else { return #expect(Bool(false), "wrong steps") }
        let (training, capture, train) = (rejection.training, distillation.capture, distillation.train)
        #expect(training.steps == 10 && training.optimizer == .adamW && training.learningRate == 3e-3)
        #expect(train.loss.map(\.loss) == [.forwardKL, .crossEntropy])
        #expect(train.loss.map(\.weight) == [1, 0.9])
        #expect(train.$loss.span.text == "0.9CE + FKL")
        #expect(capture.k == 8 && capture.$k.span.text == "8")
        #expect(train.temperature == 2.5 && train.training.learningRate == 4e-3)
    }

    @Test func matrixReplacesAndCreatesFields() throws {
        let recipe = try read("prune: none\nmatrix: {prune.ratio: [20%], quantize.scheme: [none, W8A16]}\n")
        #expect(recipe.variants.map { $0.pipeline.prune.first?.ratio?.value } == [0.2, 0.2])
        #expect(recipe.variants.map { $0.pipeline.quantize?.scheme.value } == [nil, .w8a16])
        #expect(recipe.variants.last?.pipeline.quantize?.scheme.field == "quantize.scheme")
    }

    /// The plain recipe does not fit together here, its variants do.
    @Test func variantsAloneMustFit() throws {
        let body = "student: {init: {heads: 6}}\nevaluate: {sets: [ood]}\n"
        let matrix = "matrix: {student.init.hidden: [96, 192], data.split.ood.functions: [[find_phone]]}\n"
        #expect(try read(body + matrix).variants.map { $0.pipeline.student.origin.shape?.hidden } == [96, 192])
    }

    @Test func warningsDoNotWithholdTheRecipe() {
        let text = header.replacing("sources: {", with: "sources: {extra: {path: x}, ")
        let reading = RecipeReader.read(SourceText(path: "a.yaml", text: text))
        #expect(reading.recipe != nil)
        #expect(reading.diagnostics.map(\.code) == ["unused-source"])
    }

    @Test func problemsAreSortedByPosition() {
        let reading = RecipeReader.read(
            SourceText(path: "a.yaml", text: header + "x: 1\nprune: {ratio: 2, y: 1}\njudge: {kind: z}\n"))
        let starts = reading.diagnostics.map(\.primary.span.start)
        #expect(starts.count == 4 && starts == starts.sorted())
    }
}

extension PruneTurn {
    /// The first ratio, where it is ratios that the recipe gives.
    var ratio: Spanned<Double>? { if case .ratios(let ratios) = amount { ratios.value.first } else { nil } }
}
