import CanonicalJSON
import Foundation
import TestSupport
import Testing

/// A model that learns to call nothing, and the likelihood from which on it does.
@Suite struct RefusalBuildTests {
    private static let recipe = """
        decant: 1
        name: tiny
        sources: {functions: {path: functions.yaml}, utterances: {path: utterances.yaml}}
        data:
          generate: {functions: functions, templates: utterances, count: 240, seed: 3, hold_out: {templates: 0%}}
          split: {test: 15%, valid: 15%}
          prompt: tools
          no_call: 20%
        tokenizer: {vocabulary: 300}
        student: {init: {hidden: 64, layers: 2, heads: 4, kv_heads: 2, intermediate: 128}}
        transfer: "SFT(steps: 150)"
        evaluate: {sets: [test], metrics: [ar], threshold: valid}
        """

    /// Two functions, so that half of the prompts list them in the order in which `run` does.
    private static let functions = """
        set_light:
          description: Turn a light on or off.
          parameters:
            room: {type: string, enum: [kitchen, bedroom, hall]}
            state: {type: string, enum: ["on", "off"]}
        play:
          description: Play music.
          parameters:
            genre: {type: string, enum: [jazz, rock, pop]}
        """

    private static let utterances = """
        slots:
          room: [kitchen, bedroom, hall]
          state: ["on", "off"]
          genre: [jazz, rock, pop]
        prefixes: ["", hey]
        suffixes: ["", please, now]
        templates:
          set_light: ["turn {state} the light in the {room}", "switch the {room} light {state}", "{room} light {state}"]
          play: ["play {genre}", "put on some {genre}", "let me hear {genre}", "start the {genre}"]
        no_call: ["good morning", "tell me a joke", "who likes {genre}", "the {room} is nice"]
        """

    /// The threshold is the best one on `valid`.
    static func program() throws -> DecantProgram {
        let program = try DecantProgram(recipe: recipe)
        try program.write(functions, to: "functions.yaml")
        try program.write(utterances, to: "utterances.yaml")
        return program
    }

    private static func lines(_ stage: String, _ file: String, in program: DecantProgram) throws -> [JSON] {
        try program.run("export", stage, "out/\(stage)")
        let text = try String(contentsOf: program.folder.appending(path: "out/\(stage)/\(file)"), encoding: .utf8)
        return try text.split(separator: "\n").map { try JSON(parsing: String($0)) }
    }

    /// Test questions with the likelihood of no call, by rising likelihood, of rows whose prompts `run` makes too.
    private static func likelihoods(in program: DecantProgram) throws -> [(query: String, likelihood: Double)] {
        let rows = try lines("data", "test.jsonl", in: program).filter { $0.strings("functions") == ["play", "set_light"] }
        let queries = Dictionary(uniqueKeysWithValues: rows.map { ($0["id"]?.string ?? "", $0["query"]?.string ?? "") })
        let answers = try lines("student.sft.answers", "test.jsonl", in: program)
        return try answers.compactMap { answer -> (query: String, likelihood: Double)? in
            guard let query = queries[answer["id"]?.string ?? ""] else { return nil }
            return (query: query, likelihood: try #require(answer["refusal"]?["likelihood"]?.double))
        }.sorted { $0.likelihood < $1.likelihood }
    }

    /// Half of the questions are refused, whatever the model would have said.
    @Test func runCallsBelowTheThresholdOfTheLineageAndRefusesFromItOn() throws {
        let program = try Self.program()
        _ = try program.artifacts(of: ["student.sft.answers"])
        let known = try Self.likelihoods(in: program)
        try #require(known.count > 5)
        let middle = known.count / 2
        let threshold = (known[middle - 1].likelihood + known[middle].likelihood) / 2
        try program.edit("tiny.yaml", "threshold: valid", "threshold: \(String(format: "%.12f", threshold))")
        // The sets of the answers change, the model does not.
        #expect(try program.build().strings("ran").contains("student.sft") == false)
        try program.write(known.map(\.query).joined(separator: "\n"), to: "queries.txt")
        let answers = try program.run("run", "student.sft", "--file", "queries.txt", "--json").events
        #expect(answers.compactMap { $0["query"]?.string } == known.map(\.query))
        for (answer, asked) in zip(answers, known) {
            let calls = try #require(answer["calls"]?.array, "\(answer)")
            #expect(calls.isEmpty == (asked.likelihood >= threshold), "\(asked)")
            #expect(answer["valid"] == true && (answer["response"] == "[]") == calls.isEmpty, "\(answer)")
        }
        // Functions of one's own leave the threshold as it is.
        try program.write(Self.functions, to: "mine.yaml")
        let refused = try #require(known.last).query
        #expect(try program.run("run", "student.sft", refused, "--functions", "mine.yaml").output == "[]\n")
    }

    /// The best threshold of `valid` divides what wants a call from what wants none.
    @Test func theThresholdOfValidDecidesReportsAndRun() throws {
        let program = try Self.program()
        #expect(try program.build()["failed"] == [])
        let shown = try #require(try program.run("show", "student.sft.decisions", "--json").events.first)
        let figures = try #require(shown["metrics"]?["threshold.json"])
        let curve = try #require(figures["sets"]?["valid"]?["curve"]?.array)
        let chosen = try #require(curve.first { $0["threshold"] == figures["threshold"] })
        #expect(chosen["call_ar"]?.double ?? 0 > 0.8 && chosen["no_call_ar"]?.double ?? 0 > 0.5, "\(figures)")
        let counts = try #require(try program.run("show", "data", "--json").events.first?["metrics"]?["no_call.json"])
        #expect(counts["train"]?["copies"]?.integer ?? 0 > 20 && counts["valid"]?["copies"]?.integer ?? 0 > 3, "\(counts)")
        #expect(try program.run("run", "student.sft", "the hall is nice").output == "[]\n")
        #expect(try program.run("run", "student.sft", "hall light on").output.contains("set_light"))
        #expect(try program.run("show", "report").output.contains("no call"))
        // What a function takes of a prompt is a figure of the model.
        let model = try #require(try program.run("show", "student.sft", "--json").events.first)
        #expect((5.0..<60).contains(model["tokens_per_function"]?.double ?? 0), "\(model)")
        #expect(try program.run("show", "student.sft").output.contains(" tokens a function\n"))
        #expect(try program.run("show", "data", "--json").events.first?["tokens_per_function"] == .null)
        // Of several thresholds, the one of the last build holds.
        try program.edit("tiny.yaml", "threshold: valid", "threshold: 0")
        #expect(try program.build()["failed"] == [])
        #expect(try program.run("run", "student.sft", "hall light on").output == "[]\n")
        try program.edit("tiny.yaml", "threshold: 0", "threshold: none")
        #expect(try program.build()["failed"] == [])
        #expect(try program.run("run", "student.sft", "hall light on").output.contains("set_light"))
    }
}
