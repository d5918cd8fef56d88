import CanonicalJSON
import Foundation
import Stages
import Testing

@testable import Engine
@testable import Kinds

@Suite struct DataCompressPromptTests {
    /// A chat as people write one for a large model.
    static let chat: JSON = [
        "id": "chat",
        "messages": [
            ["role": "system", "content": "You are careful. Answer with JSON only."],
            ["role": "system", "name": "example_user", "content": "stop it"],
            ["role": "system", "name": "example_assistant", "content": "[{\"name\":\"stop\"}]"],
            ["role": "user", "content": "I am in the hall."], ["role": "user", "content": "play x"],
            ["role": "assistant", "tool_calls": [["function": ["name": "play", "arguments": "{\"song\":\"x\"}"]]]],
        ],
        "tools": [
            [
                "type": "function",
                "function": [
                    "name": "play", "description": "Play a song. Use it with care, e.g. never at night.",
                    "parameters": [
                        "type": "object", "description": "all of it", "required": ["song"],
                        "properties": [
                            "song": ["type": "string", "description": "The title.", "enum": ["x", "y"]],
                            "description": ["type": "array", "items": ["type": "string", "title": "Words"]],
                        ],
                    ],
                ],
            ]
        ],
    ]

    static func ingested() throws -> Row {
        let run = try StageRun(DataIngest(format: .openai), texts: ["train.0/a.jsonl": chat.canonicalText])
        return try Row(json: #require(try run.lines("rows.jsonl").first))
    }

    /// The ingested chat with a snippet, as a set to compress.
    static func compressed() throws -> StageRun {
        let ingest = try StageRun(DataIngest(format: .openai), texts: ["train.0/a.jsonl": chat.canonicalText])
        var row = try ingested()
        row.background.knowledge = ["Songs are short."]
        let plain = Row(id: "plain", query: "play y", functions: ["play"], answers: [])
        return try StageRun(
            DataCompressPrompt(),
            texts: [
                "data/functions.json": ingest.text("functions.json"),
                "data/train.jsonl": [row, plain].map(\.json.canonicalText).joined(separator: "\n"),
                "data/test.jsonl": plain.json.canonicalText,
            ])
    }

    /// Each form of signature says more than the one before it, and JSON takes most.
    @Test func functionsAreMeasuredInEachForm() throws {
        let lengths = try Self.compressed().json("signatures.json")
        let characters = ["names", "types", "values", "described", "json"].compactMap { lengths[$0]?["characters"]?.double }
        #expect(characters.count == 5 && characters == characters.sorted() && Set(characters).count == 5)
    }

    @Test func chatsBringTheirBackground() throws {
        let row = try Self.ingested()
        #expect(row.query == "play x")
        #expect(row.background.instructions == "You are careful. Answer with JSON only.")
        #expect(row.background.examples == [.init(query: "stop it", response: #"[{"name":"stop"}]"#)])
        #expect(row.background.context == [ChatMessage(role: .user, content: "I am in the hall.")])
        #expect(row.background.knowledge.isEmpty)
    }

    @Test func instructionsAndExamplesGoAndTheRestStays() throws {
        let run = try Self.compressed()
        #expect(run.files == ["compression.json", "functions.json", "signatures.json", "test.jsonl", "train.jsonl"])
        let rows = try run.lines("train.jsonl").map { try Row(json: $0) }
        let context = [ChatMessage(role: .user, content: "I am in the hall.")]
        #expect(rows[0].background == RowBackground(knowledge: ["Songs are short."], context: context))
        #expect(rows[0].answers == [FunctionCall(name: "play", arguments: ["song": "x"])])
        // A row that has nothing to lose keeps its bytes.
        #expect(try run.lines("test.jsonl") == [Row(id: "plain", query: "play y", functions: ["play"], answers: []).json])
    }

    /// Names, types, values and what is required stay; a property may be called `description`.
    @Test func descriptionsBecomeBrief() throws {
        let function = try FunctionDefinition(json: try #require(try Self.compressed().json("functions.json")[0]))
        let brief: JSON = [
            "name": "play", "description": "Play a song.",
            "parameters": [
                "type": "object", "required": ["song"],
                "properties": [
                    "song": ["type": "string", "enum": ["x", "y"]],
                    "description": ["type": "array", "items": ["type": "string"]],
                ],
            ],
        ]
        #expect(try FunctionDefinition(json: brief).json == function.json.filterMembers { key, _ in key != "written" })
        // As its authors wrote it, with the same words gone.
        #expect(function.tool == ["type": "function", "function": brief])
        #expect(function.tool.writtenMembers.map(\.key) == ["function", "type"])
    }

    @Test func whatWasSavedIsCounted() throws {
        let report = try Self.compressed().json("compression.json")
        func counts(_ set: String, _ part: String) -> [Int?] {
            ["before", "after"].map { report[set]?[part]?[$0]?["characters"]?.integer }
        }
        #expect(counts("train", "instructions") == [39, 0])
        #expect(counts("train", "examples") == [24, 0])
        #expect(counts("train", "query") == [12, 12])
        #expect(counts("train", "context") == [17, 17])
        #expect(counts("train", "knowledge") == [16, 16])
        let functions = counts("test", "functions").compactMap { $0 }
        try #require(functions.count == 2)
        #expect(5 * functions[0] > 7 * functions[1])
        #expect(counts("test", "all") == [functions[0] + 6, functions[1] + 6])
        #expect(report["train"]?["all"]?["before"]?["tokens"] == nil)
    }

    @Test func aTokenizerCountsTokens() throws {
        let rows = "{\"id\":\"a\",\"query\":\"play song\",\"answers\":[],\"instructions\":\"play play\"}"
        let made = try StageRun(
            TokenizerTrain(vocabulary: 280, prompt: .query), texts: ["data/functions.json": "[]", "data/train.jsonl": rows])
        let run = try StageRun(
            DataCompressPrompt(),
            texts: [
                "data/functions.json": "[]", "data/train.jsonl": rows,
                "tokenizer/tokenizer.json": try made.text("tokenizer.json"),
                "tokenizer/tokenizer_config.json": try made.text("tokenizer_config.json"),
            ])
        let part = try #require(try run.json("compression.json")["train"]?["instructions"])
        let tokens = try #require(part["before"]?["tokens"]?.integer)
        #expect(tokens > 0 && tokens <= 9)
        #expect(part["after"] == ["characters": 0, "tokens": 0])
    }
}
