import BuildModel
import CanonicalJSON
import Diagnostics
import Kinds
import Planner
import RecipeLanguage
import Testing

/// What models are calibrated on: a set of rows, or a text with so many tokens.
@Suite struct CalibrationPlanTests {
    private let student =
        "student: {init: {hidden: 256, layers: 4, heads: 4, kv_heads: 2, intermediate: 1024}}\ntransfer: SFT\n"
    private let width = "method: width, ratio: 20%, granularity: {hidden: 16, intermediate: 32}, recover: none"

    private func inputs(of kind: String, in graph: Graph) throws -> [String: String] {
        let stage = try #require(graph.stages.first { $0.kind == kind })
        return Dictionary(uniqueKeysWithValues: stage.inputs.map { ($0.name, graph[$0.stage].name) })
    }

    @Test func aTextIsAnInput() throws {
        let graph = try plan(student + "prune: {\(width), data: {text: utterances, tokens: 1024 × 2048}}\n")
        #expect(try inputs(of: "prune.score", in: graph) == ["model": "student.sft", "text": "source.utterances"])
        #expect(
            graph.parameters(of: "student.sft.importance")
                == ["method": "width", "samples": 1024, "length": 2048, "set": "train", "prompt": "query"])
        // The search compares on what importance was measured on.
        #expect(try inputs(of: "prune.apply", in: graph).keys.sorted() == ["model", "scores"])
    }

    @Test(arguments: ["1024 × 2048", "1024x2048", "1024 * 2048", "1.024k × 2048"])
    func countsOfTokensAreSpelledManyWays(tokens: String) throws {
        let wanted = try plan(student + "prune: {\(width), data: {text: utterances, tokens: 1024 × 2048}}\n")
        let graph = try plan(student + "prune: {\(width), data: {text: utterances, tokens: \(tokens)}}\n")
        #expect(graph.shapes == wanted.shapes)
    }

    @Test func aNameIsASetBeforeItIsAText() throws {
        let text = try plan(student + "prune: {\(width), data: utterances, samples: 12}\n")
        let parameters = try #require(text.parameters(of: "student.sft.importance"))
        #expect(parameters["samples"] == 12 && parameters["length"] == 512)
        let set = try plan(student + "prune: {\(width), data: test}\n")
        #expect(try inputs(of: "prune.score", in: set)["data"] == "data")
        #expect(set.parameters(of: "student.sft.importance")?["set"] == "test")
    }

    /// The prompt's style is of rows: a text is read once for all.
    @Test func aTextHasNoPrompts() throws {
        let text = "prune: {\(width), data: utterances}\n"
        let tools = fixtureHeader.replacing("count: 2k}", with: "count: 2k}\n  prompt: tools")
        #expect(
            try plan(student + text, header: tools).parameters(of: "student.sft.importance")
                == plan(student + text).parameters(of: "student.sft.importance"))
    }

    @Test func rowsAreCutToALength() throws {
        let graph = try plan(student + "quantize: {scheme: W4A16, method: gptq, group_size: 32, data: {tokens: 350 × 64}}\n")
        let parameters = graph.parameters(of: "student.sft.statistics")
        #expect(parameters == ["samples": 350, "length": 64, "set": "train", "prompt": "query"])
    }

    @Test func quantizationIsCalibratedOnATextToo() throws {
        let body = student + "quantize: {scheme: W4A16, method: gptq, group_size: 32, data: {text: utterances, tokens: 8 × 64}"
        let shared = try plan(body + "}\n")
        #expect(try inputs(of: "quant.calibrate", in: shared)["text"] == "source.utterances")
        let behind = try plan(body + ", prefix: quantized}\n")
        #expect(try inputs(of: "quant.apply", in: behind)["text"] == "source.utterances")
        let prefix = behind.stages.first { $0.kind == "quant.apply" }?.parameters["prefix"]
        #expect(prefix == ["samples": 8, "length": 64, "set": "train", "prompt": "query"])
    }

    @Test func theSearchHasDataOfItsOwn() throws {
        let text = try plan(student + "prune: {\(width), search: {data: {text: utterances, tokens: 16 × 128}}}\n")
        #expect(try inputs(of: "prune.apply", in: text)["text"] == "source.utterances")
        let search = text.stages.first { $0.kind == "prune.apply" }?.parameters["search"]
        #expect(search == ["tolerance": 0.02, "samples": 16, "length": 128])
        let rows = try plan(student + "prune: {\(width), search: {data: valid}}\n")
        #expect(try inputs(of: "prune.apply", in: rows)["data"] == "data")
        let own = rows.stages.first { $0.kind == "prune.apply" }?.parameters["search"]
        #expect(own == ["tolerance": 0.02, "samples": 64, "set": "valid", "prompt": "query"])
    }

    /// "Efficient AI in Practice", figure 3: a general text against rows of the domain, and how many of them.
    @Test func aMatrixVariesTheData() throws {
        let graph = try plan(
            student + """
                prune: {\(width)}
                matrix:
                  prune.data:
                    general: {text: utterances, tokens: 350 × 128}
                    350 rows: {set: train, tokens: 350 × 128}
                    700 rows: {set: train, tokens: 700 × 128}
                """)
        let scores = graph.stages.filter { $0.kind == "prune.score" }
        #expect(scores.map(\.parameters["samples"]) == [350, 350, 700])
        #expect(scores.map { $0.inputs.last?.name } == ["text", "data", "data"])
        #expect(graph.targets.prefix(3).map(\.name) == ["general", "350-rows", "700-rows"])
    }

    /// Without a word of it, nothing is in a key that was not there before.
    @Test func keysAreThoseOfBefore() throws {
        let graph = try plan(student + "prune: {\(width)}\nquantize: {scheme: W4A16, method: gptq, group_size: 16}\n")
        #expect(
            graph.parameters(of: "student.sft.importance")
                == ["method": "width", "samples": 256, "set": "train", "prompt": "query"])
        #expect(
            graph.stages.first { $0.kind == "prune.apply" }?.parameters["search"] == ["tolerance": 0.02, "samples": 64])
        #expect(
            graph.stages.first { $0.kind == "quant.calibrate" }?.parameters
                == ["samples": 512, "set": "train", "prompt": "query"])
    }

    /// A set that a recipe names itself: a text among the rows, or rows of calls.
    @Test func aNamedSetIsCalibratedOn() throws {
        let header = """
            decant: 1
            name: named
            sources:
              functions: {path: functions.jsonl}
              utterances: {path: utterances.txt}
            data:
              ingest: {train: functions, sets: {speeches: {from: utterances, format: text}}}

            """
        let graph = try plan(student + "prune: {\(width), data: speeches}\n", header: header)
        let score = try #require(graph.stages.first { $0.kind == "prune.score" })
        #expect(score.parameters["set"] == "speeches" && score.inputs.map(\.name) == ["model", "data"])
    }
}
