import CanonicalJSON
import Foundation
import TestSupport
import Testing

@testable import Engine

/// What is read of a published model's tokenizer when the model is imported, and what is refused there.
@Suite struct ImportedTokenizerTests {
    /// A folder as it is published, with changes to its `tokenizer.json` and other files beside it.
    private static func published(
        _ change: (inout [String: JSON]) -> Void = { _ in }, files: [String: JSON] = [:], template: String? = nil
    ) throws -> TemporaryFolder {
        let source = try SmallModel.folder(SmallModel.model(.qwen2))
        var members = try source.json("tokenizer.json").object ?? [:]
        change(&members)
        try source.write(.object(members), to: "tokenizer.json")
        for (name, json) in files { try source.write(json, to: name) }
        if let template { try Data(template.utf8).write(to: source.file("chat_template.jinja")) }
        return source
    }

    /// What importing says; empty where it ends well.
    private static func refusal(_ source: TemporaryFolder, day: String? = nil) -> String {
        let folder = TemporaryFolder()
        do {
            try folder.model.importModel(from: source.model, day: day)
            return ""
        } catch {
            return "\(error)"
        }
    }

    @Test func aTokenizerThatCannotBeReadIsRefused() throws {
        let source = try Self.published { $0["normalizer"] = ["type": "Nmt"] }
        #expect(Self.refusal(source).hasPrefix("tokenizer.json: it has the normalizer 'Nmt'"))
    }

    @Test func aMissingTokenizerSaysHowItIsMade() throws {
        let source = try Self.published()
        try FileManager.default.removeItem(at: source.file("tokenizer.json"))
        #expect(Self.refusal(source) == "tokenizer.json: the file is missing")
        try Data().write(to: source.file("tokenizer.model"))
        #expect(Self.refusal(source).contains("the folder has tokenizer.model, which transformers turns into it"))
    }

    @Test func aTokenWithoutARowOfTheEmbeddingIsRefused() throws {
        let source = try Self.published {
            $0["added_tokens"] = .array(($0["added_tokens"]?.array ?? []) + [["id": 300, "content": "<far>", "special": true]])
        }
        #expect(
            Self.refusal(source)
                == "tokenizer.json: the token '<far>' has the id 300, and the model's embedding has 300 rows; take tokens "
                + "that the model does not know out of the file, or resize the embedding")
    }

    @Test func aTemplateThatCannotBeReadIsRefused() throws {
        #expect(
            Self.refusal(try Self.published(template: "{{ x\n| nope }}"))
                == "chat_template.jinja: chat template, line 2: the filter 'nope' is not supported")
        let source = try Self.published(files: ["tokenizer_config.json": ["chat_template": "{% x %}"]])
        #expect(Self.refusal(source) == "tokenizer_config.json: chat template, line 1: the tag 'x' is not supported")
    }

    @Test func aTemplateThatAsksForTheDayNeedsOne() throws {
        let source = try Self.published(template: "{{ strftime_now('%d %B %Y') }}")
        #expect(Self.refusal(source).contains("state the day where the model is imported: date: 2026-01-31"))
        #expect(Self.refusal(source, day: "today").contains("'today', which is no day"))
        // One that does without is taken as it is.
        let guarded = "{{ strftime_now('%d') if strftime_now is defined else 'x' }}"
        #expect(Self.refusal(try Self.published(template: guarded)).isEmpty)
        let folder = TemporaryFolder()
        try folder.model.importModel(from: source.model, day: "2026-01-31")
        #expect(try folder.json("tokenizer_config.json")["decant_date"] == "2026-01-31")
        let settings = try TokenizerSettings(readingFolder: folder.model)
        let template = try settings.template(named: ["default"])
        #expect(try template.render([:], day: settings.templateDay()) == "31 January 2026")
    }

    /// The map counts where the configuration has no `added_tokens_decoder`, and then before it.
    @Test func specialTokensComeFromEveryFile() throws {
        let map: JSON = ["bos_token": ["content": "<|user|>"], "eos_token": "<|assistant|>", "sep_token": "<|tools|>"]
        var configuration: JSON = [
            "eos_token": "<|end|>", "boi_token": "<|user|>", "extra_special_tokens": ["image": "<|end|>"],
        ]
        let source = try Self.published(files: ["special_tokens_map.json": map, "tokenizer_config.json": configuration])
        let folder = TemporaryFolder()
        try folder.model.importModel(from: source.model)
        let expected = [
            "bos_token": "<|user|>", "eos_token": "<|assistant|>", "sep_token": "<|tools|>", "boi_token": "<|user|>",
            "image": "<|end|>",
        ]
        #expect(try TokenizerSettings(readingFolder: source.model).namedTokens == expected)
        #expect(try TokenizerSettings(readingFolder: folder.model).namedTokens == expected)
        configuration = ["eos_token": "<|end|>", "added_tokens_decoder": [:]]
        try source.write(configuration, to: "tokenizer_config.json")
        #expect(try TokenizerSettings(readingFolder: source.model).namedTokens == ["eos_token": "<|end|>"])
    }

    @Test func addedTokensOfTheConfigurationCount() throws {
        let plain = try Self.published()
        let next = try withExtendedLifetime(plain) { try plain.model.tokenizer().vocabularySize }
        let decoder: JSON = [
            "4": ["content": "<|end|>", "special": true, "rstrip": true],
            "\(next)": ["content": "<new>", "special": false],
        ]
        let source = try Self.published(files: ["tokenizer_config.json": ["added_tokens_decoder": decoder, "bos_token": "<s>"]])
        let folder = TemporaryFolder()
        try folder.model.importModel(from: source.model)
        let tokenizer = try folder.model.tokenizer()
        #expect(tokenizer.encode("<new><|end|>  <s>") == [next, 4, next + 1])
        #expect(!tokenizer.isSpecial(next) && tokenizer.isSpecial(next + 1))
        try source.write(["added_tokens_decoder": ["999": ["content": "<new>"]]], to: "tokenizer_config.json")
        #expect(Self.refusal(source).contains("gives the token '<new>' the id 999, and tokenizer.json would give it \(next)"))
        try source.write([:], to: "tokenizer_config.json")
        try source.write(["<old>": .count(next)], to: "added_tokens.json")
        #expect(try source.model.tokenizer().encode("<old>") == [next])
    }
}
