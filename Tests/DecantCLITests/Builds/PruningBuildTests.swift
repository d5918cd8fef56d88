import CanonicalJSON
import Foundation
import Testing

/// Channels, neurons and heads removed by the program, as a person would have it done.
@Suite struct PruningBuildTests {
    static let recipe = """
        decant: 1
        name: tiny
        sources:
          functions: {path: functions.yaml}
          utterances: {path: utterances.yaml}
        data:
          generate: {functions: functions, templates: utterances, count: 300, seed: 3}
          split: {test: 10%, valid: 5%}
        tokenizer: {vocabulary: 300}
        student: {init: {hidden: 64, layers: 2, heads: 4, kv_heads: 2, intermediate: 128}}
        transfer: "SFT(steps: 60)"
        evaluate: {sets: [test], max_tokens: 24}
        matrix:
          prune:
            - method: width
              ratio: 25%
              granularity: {hidden: 8, intermediate: 16}
              samples: 64
              search: {samples: 32}
              recover: none
            - {method: osscar, shape: {intermediate: 96, kv_heads: 1}, samples: 64, recover: none}
            - {method: magnitude, ratio: 20%, granularity: {intermediate: 16}, samples: 64, recover: none}
            - {method: activation, ratio: 20%, granularity: {intermediate: 16}, samples: 64, recover: none}
        """

    @Test func whatWasRemovedIsReported() throws {
        let program = try DecantProgram(recipe: Self.recipe)
        let events = try program.run("build", "tiny.yaml", "--json").events
        let done = try #require(events.last)
        #expect(done["failed"] == [] && done.strings("ran").count { $0.hasSuffix(".importance") } == 1)
        func pruning(_ method: String) throws -> (report: JSON, configuration: JSON) {
            for target in done["targets"]?.array ?? [] {
                guard let name = target["name"]?.string, name != "report" else { continue }
                try? FileManager.default.removeItem(at: program.folder.appending(path: "out"))
                try program.run("export", name, "out")
                let shown = try #require(try program.run("show", name, "--json").events.first)
                guard let report = shown["metrics"]?["pruning.json"], report["method"]?.string == method else { continue }
                return (report, try JSON(parsing: Data(contentsOf: program.folder.appending(path: "out/config.json"))))
            }
            throw CocoaError(.fileNoSuchFile)
        }
        let width = try pruning("width")
        let candidates = try #require(width.report["candidates"]?.array)
        let best = candidates.min { ($0["perplexity"]?.double ?? .infinity) < ($1["perplexity"]?.double ?? .infinity) }
        #expect(candidates.count == 3)
        #expect(candidates.allSatisfy { abs(($0["ratio"]?.double ?? 0) - 0.25) <= 0.02 })
        #expect(width.report["shape_after"]?["hidden"] == best?["hidden"])
        #expect(width.report["shape_after"]?["intermediate"] == best?["intermediate"])
        #expect(width.report["parameters_after"] == best?["parameters"])
        #expect(width.configuration["hidden_size"] == best?["hidden"] && width.configuration["num_attention_heads"] == 4)
        #expect(width.configuration["hidden_size"] == 64 || width.configuration["head_dim"] == 16)

        let osscar = try pruning("osscar")
        #expect(osscar.report["shape_after"] == ["hidden": 64, "intermediate": 96, "heads": 2, "kv_heads": 1])
        let layers = try #require(osscar.report["layers"]?.array)
        #expect(layers.count == 2 && layers.allSatisfy { $0["removed_neurons"]?.array?.count == 32 })
        #expect(layers.allSatisfy { ($0["feed_forward_error"]?.double ?? 0) > 0 && ($0["attention_error"]?.double ?? 0) > 0 })
        #expect(osscar.configuration["head_dim"] == 16 && osscar.configuration["num_key_value_heads"] == 1)

        for method in ["magnitude", "activation"] {
            let report = try pruning(method).report
            #expect(abs((report["ratio_removed"]?.double ?? 0) - 0.2) < 0.04)
        }
    }

    static let turns = """
        decant: 1
        name: tiny
        sources:
          functions: {path: functions.yaml}
          utterances: {path: utterances.yaml}
          text: {path: text.txt}
        data:
          generate: {functions: functions, templates: utterances, count: 300, seed: 3}
          split: {test: 10%, valid: 5%}
        tokenizer: {vocabulary: 300}
        student: {init: {hidden: 64, layers: 3, heads: 4, kv_heads: 2, intermediate: 128}}
        sample: none
        transfer: "SFT(steps: 40)"
        prune:
          - {method: depth, layers: 1, data: {text: text, tokens: 12 × 32}, teacher: unpruned, recover: "KD(steps: 5)"}
          - {method: osscar, shape: {kv_heads: 1}, samples: 32, teacher: unpruned, recover: "KD(steps: 5)"}
        quantize: {scheme: W4A16, method: gptq, group_size: 32, data: {text: text, tokens: 8 × 32}}
        evaluate: {sets: [test], max_tokens: 24, cached_prefix: shared, metrics: [ar, flops, cached_flops]}
        """

    /// Layers, then half of the heads, with a recovery behind each; calibrated on a text and on rows.
    @Test func turnsAreBuiltOneAfterTheOther() throws {
        let program = try DecantProgram(recipe: Self.turns)
        try program.write(String(repeating: "A text to calibrate on, line by line.\n", count: 200), to: "text.txt")
        let done = try #require(try program.run("build", "tiny.yaml", "--json").events.last)
        #expect(done["failed"] == [])
        let second = "student.sft.prune[1 layer].recover.prune[·×·, 1 kv]"
        #expect(done.strings("ran").contains("\(second).recover.W4A16"))
        let shown = try #require(try program.run("show", second, "--json").events.first)
        let pruning = shown["metrics"]?["pruning.json"]
        #expect(pruning?["shape_after"] == ["hidden": 64, "intermediate": 128, "heads": 2, "kv_heads": 1])
        let report = try #require(try program.run("show", "report", "--json").events.first)["metrics"]?["report.json"]
        let rows = try #require(report?["rows"]?.array)
        #expect(rows.count == 6)
        #expect(rows.allSatisfy { ($0["cached_flops"]?.double ?? 0) > 0 && ($0["flops"]?.double ?? 0) > 0 })
        // A longer beginning of the text is another one; what stands before it stays.
        try program.edit("tiny.yaml", "tokens: 8 × 32", "tokens: 16 × 32")
        let reason = try program.run("explain", "tiny.yaml", "\(second).recover.statistics").output
        #expect(reason.contains("quantize.data.tokens: 8 → 16"))
    }

    /// A model from elsewhere has no shape in the recipe: what cannot be is said by the stage, with the field to change.
    @Test func aShapeThatIsOutOfReachNamesTheField() throws {
        let program = try DecantProgram(recipe: Self.recipe)
        try program.edit(
            "tiny.yaml", "granularity: {hidden: 8, intermediate: 16}", "granularity: {hidden: 64, intermediate: 128}")
        let result = try program.run("check", "tiny.yaml", status: 2)
        #expect(result.errors.contains("no shape of the student comes near a ratio of 25%"))
        #expect(result.errors.contains("a smaller 'prune.granularity' has more shapes"))
    }
}
