import CanonicalJSON
import Engine
import Foundation
import TestSupport
import Testing
import Words

@testable import Kinds
@testable import Stages

/// Prompts of chats beside those that the `transformers` library makes of the same tools and messages; written by
/// scripts/reference/chat_prompt_reference.py.
@Suite struct ChatReferenceTests {
    static func reference() throws -> [JSON] {
        try Checkout.json("Tests/DataStagesTests/Reference/chat-prompts.json").array ?? []
    }

    /// A folder with a tokenizer and a template, as importing leaves it.
    static func encoder(template: String, in folder: URL) throws -> PromptEncoder {
        let special = ["<|endoftext|>", "<|im_start|>", "<|im_end|>"]
        let tokenizer = try TokenizerTrainer(vocabularySize: 300, specialTokens: special).train(on: ["user assistant system"])
        let configuration: JSON = [
            "chat_template": .string(template), "eos_token": "<|im_end|>", "bos_token": "<|endoftext|>",
        ]
        try Data(tokenizer.tokenizerJSON.canonicalBytes).write(to: folder.appending(path: "tokenizer.json"))
        try Data(configuration.canonicalBytes).write(to: folder.appending(path: "tokenizer_config.json"))
        return try ModelFolder(folder).prompts(.tools)
    }

    @Test func promptsHaveTheTokensOfTheLibrary() throws {
        let cases = try Self.reference()
        #expect(cases.count == 8)
        for example in cases {
            let record = try #require(example["record"]?.string)
            let run = try StageRun(DataIngest(format: .openai), texts: ["train.0/a.jsonl": record])
            let list = try JSON(parsingAsWritten: Data(run.text("functions.json").utf8)).array ?? []
            let functions = Dictionary(
                uniqueKeysWithValues: try list.map { try FunctionDefinition(json: $0) }.map { ($0.name, $0) })
            let folder = TemporaryFolder()
            let encoder = try Self.encoder(template: try #require(example["template"]?.string), in: folder.url)
            let prompts = try run.text("rows.jsonl").split(separator: "\n").map { line in
                let row = try Row(json: JSON(parsingAsWritten: line.utf8))
                return try encoder.promptTokens(of: row, functions: functions)
            }
            let wanted = try #require(example["prompts"]?.array).compactMap(\.string)
            #expect(prompts.map { encoder.tokenizer.decodeWithSpecialTokens($0.map(Int.init)) } == wanted)
            #expect(prompts.map { $0.map(Int.init) } == wanted.map { encoder.tokenizer.encode($0) })
        }
    }
}
