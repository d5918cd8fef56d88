import CanonicalJSON
import Foundation
import TestSupport
import Testing
import Words

@testable import Engine

/// Model folders whose vocabulary was pruned, and GGUF files made of them.
@Suite struct PrunedVocabularyTests {
    /// A folder with a tokenizer, and a model that has three rows more than it needs.
    private static func folder(_ tokenizer: JSON, settings: JSON = ["chat_template": "{{ messages[0].content }}"]) throws
        -> TemporaryFolder
    {
        let tokens = try Tokenizer(parsing: tokenizer)
        var configuration = try ModelConfiguration(
            vocabularySize: tokens.vocabularySize + 3, hiddenSize: 32, layerCount: 1, headCount: 2, keyValueHeadCount: 1,
            intermediateSize: 32, family: .llama)
        let last = tokens.vocabularySize - 1
        configuration.controlTokens = ControlTokens(begin: 1, end: [last], padding: 0)
        let folder = TemporaryFolder()
        try folder.model.write(Model(initializing: configuration, seed: 3))
        try folder.write(tokenizer, to: "tokenizer.json")
        try folder.write(settings, to: "tokenizer_config.json")
        return folder
    }

    private static let texts = [
        "turn on the kitchen light", #"[{"name":"set_light","arguments":{"level":40}}]"#, "Größe: 1",
    ]

    private static func prune(_ source: TemporaryFolder) throws -> (folder: TemporaryFolder, tokens: TokenSelection) {
        let tokenizer = try source.model.tokenizer()
        let tokens = try source.model.selection(
            used: Set(texts.flatMap { tokenizer.encode($0) }), keeping: .used, multiple: 1)
        let folder = TemporaryFolder()
        _ = try folder.model.write(source.model, keeping: tokens)
        return (folder, tokens)
    }

    @Test(arguments: ["Llama 2", "Gemma", "Tekken"]) func aPrunedModelIsExportedAndReadBack(name: String) throws {
        let source = try Self.folder(TokenizerStructureTests.structure(name).json)
        let (folder, tokens) = try Self.prune(source)
        let (before, after) = (try source.model.tokenizer(), try folder.model.tokenizer())
        let configuration = try folder.model.model().configuration
        #expect(configuration.vocabularySize == after.vocabularySize && after.vocabularySize < before.vocabularySize)
        #expect(configuration.controlTokens.end == [try #require(tokens[before.vocabularySize - 1])])
        try folder.model.writeGGUF(to: folder.file("model.gguf"), .f16, name: "small")
        let read = TemporaryFolder()
        try GGUFFile(reading: folder.file("model.gguf")).writeTokenizer(to: read.url)
        let tokenizer = try read.model.tokenizer()
        for text in Self.texts + ["weather in Köln tomorrow?", "開けて"] {
            #expect(tokenizer.encode(text) == after.encode(text))
            #expect(tokenizer.decode(tokenizer.encode(text)) == before.decode(before.encode(text)))
        }
    }

    @Test func configurationsNameTheNewIds() throws {
        let structure = try TokenizerStructureTests.structure("Tekken").json
        let count = try Tokenizer(parsing: structure).vocabularySize
        let last = try #require(structure["added_tokens"]?.array?.last)
        let source = try Self.folder(
            structure,
            settings: [
                "chat_template": "{{ messages[0].content }}", "added_tokens_decoder": .object([String(count - 1): last]),
            ])
        try source.write(
            [
                "eos_token_id": [.count(count - 1), .count(count + 2)], "pad_token_id": -1, "bos_token_id": 1,
                "suppress_tokens": [.count(count - 2), .count(300)], "temperature": 0.7,
            ], to: "generation_config.json")
        let (folder, tokens) = try Self.prune(source)
        let end = try #require(tokens[count - 1])
        let generation = try folder.json("generation_config.json")
        #expect(generation["eos_token_id"] == [.count(end)] && generation["bos_token_id"] == 1)
        #expect(generation["pad_token_id"] == .null && generation["temperature"] == 0.7)
        let suppressed = [tokens[count - 2], tokens[300]].compactMap(\.self)
        #expect(generation["suppress_tokens"]?.array?.compactMap(\.integer) == suppressed)
        let decoder = try folder.json("tokenizer_config.json")["added_tokens_decoder"]
        #expect(decoder?.object?.keys.sorted() == [String(end)])
        #expect(try folder.model.prompts(.query).endTokens == [Int32(end)])
    }

    @Test func tokensThatCannotBeRenumberedAreRefused() throws {
        let source = try Self.folder(TokenizerStructureTests.structure("Tekken").json)
        try source.write(["bad_words_ids": [[5, 6]], "eos_token_id": 5], to: "generation_config.json")
        #expect { try Self.prune(source) } throws: { "\($0)".contains("it has 'bad_words_ids', whose tokens cannot") }
    }
}
