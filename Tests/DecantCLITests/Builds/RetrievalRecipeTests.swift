import CanonicalJSON
import Foundation
import TestSupport
import Testing

/// A recipe whose prompts list retrieved functions and show retrieved snippets, from chats with system messages.
@Suite struct RetrievalRecipeTests {
    static let recipe = """
        decant: 1
        name: tiny
        sources: {rows: {path: rows.jsonl}, facts: {path: facts.yaml}}
        data:
          ingest: {format: openai, train: rows}
          split: {test: 20%, ood: {functions: [find_phone]}}
          prompt: tools
          retrieve: {method: bm25, top_k: 3}
          knowledge: {snippets: facts, top_k: 1}
          compress_prompt: true
        tokenizer: {vocabulary: 320}
        teacher: {init: {hidden: 32, layers: 1, heads: 2, kv_heads: 1, intermediate: 64}, transfer: "SFT(steps: 60)"}
        student: {init: {hidden: 32, layers: 1, heads: 2, kv_heads: 1, intermediate: 64}}
        transfer: "SFT(steps: 20)"
        evaluate: {sets: [test, ood], metrics: [exact], max_tokens: 24}
        """

    /// Functions by name with their descriptions, and what people say for each.
    private static let functions: [(name: String, summary: String, words: String)] = [
        ("set_light", "Turn a light on or off. Never at night.", "turn the light on in room"),
        ("play_music", "Play a song. Ask if unsure.", "play the song number"),
        ("get_weather", "Tell the weather.", "weather on day"),
        ("set_timer", "Start a timer.", "start a timer of minutes"),
        ("find_phone", "Make a lost phone ring.", "ring my lost phone number"),
        ("lock_door", "Lock a door.", "lock the door of flat"),
    ]

    private static func chat(_ index: Int) -> JSON {
        let wanted = functions[index % functions.count]
        let tools = functions.map { function -> JSON in
            [
                "type": "function",
                "function": [
                    "name": .string(function.name), "description": .string(function.summary),
                    "parameters": ["type": "object", "properties": ["n": ["type": "integer", "description": "A number."]]],
                ],
            ]
        }
        let call: JSON = ["name": .string(wanted.name), "arguments": .string("{\"n\":\(index)}")]
        return [
            "messages": [
                ["role": "system", "content": "You are a careful assistant. Answer with JSON."],
                ["role": "user", "content": .string("\(wanted.words) \(index)")],
                ["role": "assistant", "tool_calls": [["function": call]]],
            ], "tools": .array(tools),
        ]
    }

    static func program() throws -> DecantProgram {
        let program = try DecantProgram(recipe: recipe)
        try program.write((0..<90).map { chat($0).canonicalText }.joined(separator: "\n"), to: "rows.jsonl")
        try program.write("- A timer rings at its end.\n- The light of the hall is broken.\n", to: "facts.yaml")
        return program
    }

    private static func rows(_ program: DecantProgram, _ set: String) throws -> [JSON] {
        let lines = try String(contentsOf: program.folder.appending(path: "out/\(set).jsonl"), encoding: .utf8).split(
            separator: "\n")
        return try lines.map { try JSON(parsing: String($0)) }
    }

    @Test func retrievedFunctionsAndSnippetsReachThePrompts() throws {
        let program = try Self.program()
        let done = try program.build()
        #expect(done["failed"] == [])
        for stage in ["data.split", "data.retrieved", "data.informed", "data", "report"] {
            #expect(done.strings("ran").contains(stage), "\(stage)")
        }
        let metrics = try #require(try program.run("show", "data.retrieved", "--json").events.first?["metrics"]?["recall.json"])
        for set in ["train", "test", "ood"] { #expect(metrics["sets"]?[set]?["recall"]?["3"] == 1) }
        #expect(metrics["training_functions"] == 5)
        let saved = try #require(
            try program.run("show", "data", "--json").events.first?["metrics"]?["compression.json"]?["train"])
        #expect(try #require(saved["instructions"]?["before"]?["characters"]?.integer) > 1000)
        #expect(saved["instructions"]?["after"]?["characters"] == 0)
        try program.run("export", "data", "out")
        for row in try Self.rows(program, "train") {
            #expect(row.strings("functions").count == 3 && !row.strings("functions").contains("find_phone"))
            #expect(row["instructions"] == nil)
            #expect(
                row.strings("knowledge").contains("A timer rings at its end.") || row["answers"]?[0]?["name"] != "set_timer")
        }
        #expect(try Self.rows(program, "ood").allSatisfy { $0.strings("functions").first == "find_phone" })
        #expect(try program.build()["ran"] == [])
    }

    /// Only what stands behind a change runs again: more snippets leave retrieval alone.
    @Test func moreSnippetsLeaveRetrievalAlone() throws {
        let program = try Self.program()
        try program.run("build", "tiny.yaml", "data", "--json")
        try program.edit("tiny.yaml", "snippets: facts, top_k: 1", "snippets: facts, top_k: 2")
        let events = try program.run("build", "tiny.yaml", "data", "--json").events
        #expect(try #require(events.last).strings("ran") == ["data.informed", "data"])
    }
}

/// `recipes/snips.yaml` on the published files, in a reduced size.
@Suite struct SNIPSRecipeTests {
    /// The files, beside the checkout.
    static let published = SharedData.existing("snips_raw")

    @Test(.enabled(if: published != nil))
    func thePathRunsOnTheImportedFiles() throws {
        let folder = try #require(Self.published)
        let recipe = try String(contentsOf: Checkout.file("recipes/snips.yaml"), encoding: .utf8)
        let program = try DecantProgram(recipe: recipe)
        let files = try FileManager.default.contentsOfDirectory(atPath: folder.path).filter { $0.hasSuffix(".json") }
        #expect(files.count == 14)
        for file in files { try program.run("import", folder.appending(path: file).path) }
        try program.edit(
            "tiny.yaml", "limit: {train: 2000, valid: 60, test: 150, ood: 50}",
            "limit: {train: 200, valid: 10, test: 20, ood: 10}")
        try program.write(
            String(contentsOf: program.folder.appending(path: "tiny.yaml"), encoding: .utf8).replacing(
                /steps: \d+/, with: "steps: 20"),
            to: "tiny.yaml")
        let done = try program.build()
        #expect(done["failed"] == [])
        #expect(done.strings("ran").contains("report"))
        let data = try #require(try program.run("show", "data", "--json").events.first)
        #expect(
            Set((data["files"]?.array ?? []).compactMap { $0["path"]?.string }) == [
                "functions.json", "ood.jsonl", "test.jsonl", "train.jsonl", "valid.jsonl",
            ])
    }
}
