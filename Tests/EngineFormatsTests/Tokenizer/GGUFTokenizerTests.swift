import CanonicalJSON
import Foundation
import TestSupport
import Testing

@testable import Engine

/// Tokenizers that GGUF's metadata describe, as the files of `transformers` have them.
@Suite struct GGUFTokenizerTests {
    /// A file of metadata alone: the 256 bytes, a merge, an added token before and one behind them, a row without a token.
    private static func file(_ change: (inout GGUFHeader) -> Void, pre: String = "qwen2") throws -> GGUFFile {
        let bytes = (UInt8.min...UInt8.max).map { ByteAlphabet.spelling(of: [$0]) }
        var header = GGUFHeader()
        header.add("general.architecture", "qwen2")
        header.add("qwen2.context_length", 512)
        header.add("tokenizer.ggml.model", "gpt2")
        header.add("tokenizer.ggml.pre", pre)
        header.add("tokenizer.ggml.tokens", ["<|start|>"] + bytes + ["th", "<|end|>", "<tool>", "[PAD260]"])
        header.add("tokenizer.ggml.token_type", [3] + Array(repeating: Int32(1), count: 257) + [3, 4, 5])
        header.add("tokenizer.ggml.merges", ["t h"])
        header.add("tokenizer.ggml.bos_token_id", 0)
        header.add("tokenizer.ggml.eos_token_id", 258)
        header.add("tokenizer.chat_template", "{% for message in messages %}{% endfor %}")
        change(&header)
        return try GGUFFile(parsing: Data(header.bytes))
    }

    private static func written(_ file: GGUFFile) throws -> (tokenizer: JSON, configuration: JSON) {
        let folder = TemporaryFolder()
        try file.writeTokenizer(to: folder.url)
        return (try folder.json("tokenizer.json"), try folder.json("tokenizer_config.json"))
    }

    @Test func vocabularyAndAddedTokensAreDivided() throws {
        let (tokenizer, configuration) = try Self.written(Self.file { _ in })
        let vocabulary = try #require(tokenizer["model"]?["vocab"]?.object)
        // Those behind all others are in the list of added tokens alone, as in Qwen's own file.
        #expect(vocabulary.count == 258 && vocabulary["<|start|>"] == 0 && vocabulary["th"] == 257)
        #expect(vocabulary["<|end|>"] == nil && vocabulary["[PAD260]"] == nil)
        let added = try #require(tokenizer["added_tokens"]?.array)
        #expect(added.map { $0["content"] } == ["<|start|>", "<|end|>", "<tool>"])
        #expect(added.map { $0["id"] } == [0, 258, 259] && added.map { $0["special"] } == [true, true, false])
        #expect(tokenizer["model"]?["merges"] == [["t", "h"]])
        #expect(configuration["bos_token"] == "<|start|>" && configuration["eos_token"] == "<|end|>")
        #expect(configuration["chat_template"] == "{% for message in messages %}{% endfor %}")
        #expect(configuration["model_max_length"] == 512)
        #expect(configuration["added_tokens_decoder"]?["259"]?["special"] == false)
    }

    @Test func everyFamilyHasItsOwnParts() throws {
        func tokenizer(_ pre: String) throws -> JSON { try Self.written(Self.file({ _ in }, pre: pre)).tokenizer }
        let qwen = try tokenizer("qwen2")
        #expect(qwen["normalizer"] == ["type": "NFC"] && qwen["model"]?["ignore_merges"] == false)
        #expect(
            qwen["pre_tokenizer"]?["pretokenizers"]?[0]?["pattern"]?["Regex"]?.string
                == #"(?i:'s|'t|'re|'ve|'m|'ll|'d)|[^\r\n\p{L}\p{N}]?\p{L}+|\p{N}| ?[^\s\p{L}\p{N}]+[\r\n]*|\s*[\r\n]+|\s+(?!\S)|\s+"#
        )
        let llama = try tokenizer("llama-bpe")
        #expect(llama["normalizer"] == .null && llama["model"]?["ignore_merges"] == true)
        #expect(
            llama["pre_tokenizer"]?["pretokenizers"]?[0]?["pattern"]?["Regex"]?.string?.contains(#"|\p{N}{1,3}|"#) == true)
        // Llama 3 begins every text, unless the metadata say otherwise.
        let template = llama["post_processor"]?["processors"]?[1]
        #expect(template?["type"] == "TemplateProcessing")
        #expect(template?["special_tokens"]?["<|start|>"]?["ids"] == [0])
        let silent = try Self.written(Self.file({ $0.add("tokenizer.ggml.add_bos_token", false) }, pre: "llama-bpe"))
        #expect(silent.tokenizer["post_processor"]?["type"] == "ByteLevel")
        let smol = try tokenizer("smollm")
        #expect(smol["pre_tokenizer"]?["pretokenizers"]?[0] == ["type": "Digits", "individual_digits": true])
        #expect(smol["pre_tokenizer"]?["pretokenizers"]?[1]?["use_regex"] == true && smol["post_processor"] == .null)
        let gpt = try tokenizer("gpt-2")
        #expect(gpt["pre_tokenizer"]?["type"] == "ByteLevel" && gpt["pre_tokenizer"]?["use_regex"] == true)
        for family in BytePairFamily.allCases { #expect(BytePairFamily(of: try tokenizer(family.rawValue)) == family) }
    }

    @Test(arguments: BytePairFamily.allCases)
    func aTokenizerThatIsWrittenToAFileIsReadBack(family: BytePairFamily) throws {
        let model = try SmallModel.model(.qwen2)
        let folder = try SmallModel.folder(model)
        let (tokenizer, configuration) = try Self.written(Self.file({ _ in }, pre: family.rawValue))
        try folder.write(tokenizer, to: "tokenizer.json")
        try folder.write(configuration, to: "tokenizer_config.json")
        try folder.model.writeGGUF(to: folder.file("model.gguf"), .f16, name: "small")
        let file = try GGUFFile(reading: folder.file("model.gguf"))
        #expect(file.metadata["tokenizer.ggml.pre"]?.string == family.rawValue)
        #expect(file.metadata["tokenizer.huggingface.json"] == nil)
        #expect(file.metadata["tokenizer.ggml.tokens"]?.array?.count == 300)
        let read = try Self.written(file)
        #expect(read.tokenizer == tokenizer)
        #expect(read.configuration["chat_template"] == configuration["chat_template"])
        #expect(read.configuration["added_tokens_decoder"] == configuration["added_tokens_decoder"])
    }

    @Test func whatCannotBeReadIsNamed() throws {
        func reason(_ pre: String = "qwen2", _ change: (inout GGUFHeader) -> Void) throws -> String {
            let file = try Self.file(change, pre: pre)
            let error = #expect(throws: ModelFileError.self) { try Self.written(file) }
            return error?.reason ?? ""
        }
        #expect(try reason("deepseek-coder") { _ in }.contains("tokenizer.ggml.pre is 'deepseek-coder'"))
        #expect(try reason { $0.add("tokenizer.ggml.padding_token_id", 261) }.contains("padding_token_id is 261"))
        #expect(try reason { $0.add("tokenizer.huggingface.json", "{") }.contains("huggingface.json is not JSON"))
    }

    /// Files spell one cut in several ways, as after saving with another version of a library.
    @Test func aFamilyIsToldByItsCut() throws {
        for family in BytePairFamily.allCases {
            let tokenizer: JSON = [
                "pre_tokenizer": family.preTokenizer, "normalizer": family.normalizer,
                "model": ["ignore_merges": .bool(family.ignoresMerges)],
            ]
            #expect(BytePairFamily(of: tokenizer) == family)
        }
        let split = BytePairFamily.qwen2.preTokenizer["pretokenizers"]?[0] ?? .null
        let resaved: JSON = [
            "normalizer": ["type": "NFC"], "model": ["ignore_merges": false],
            "pre_tokenizer": [
                "type": "Sequence",
                "pretokenizers": [
                    split, ["type": "ByteLevel", "add_prefix_space": false, "trim_offsets": true, "use_regex": false],
                ],
            ],
        ]
        #expect(BytePairFamily(of: resaved) == .qwen2)
        #expect(BytePairFamily(of: ["pre_tokenizer": PreTokenizer.words.json]) == nil)
    }

    /// Cuts without a name, and what llama.cpp then does, are said.
    @Test func aCutWithoutANameIsSaid() throws {
        let folder = try SmallModel.folder(try SmallModel.model(.qwen2))
        let said = try folder.model.writeGGUF(to: folder.file("model.gguf"), .f16, name: "small")
        #expect(said.count == 1 && said.first?.contains("no name for the way in which this tokenizer cuts text") == true)
        #expect(try GGUFFile(reading: folder.file("model.gguf")).metadata["tokenizer.huggingface.json"] != nil)
    }

    @Test func templatesWithNamesAreKept() throws {
        let folder = try SmallModel.folder(try SmallModel.model(.qwen2))
        var configuration = try #require(folder.json("tokenizer_config.json").object)
        configuration["chat_template"] = [
            ["name": "default", "template": "{{ 1 }}"], ["name": "tool_use", "template": "{{ 2 }}"],
        ]
        try folder.write(.object(configuration), to: "tokenizer_config.json")
        try folder.model.writeGGUF(to: folder.file("model.gguf"), .f16, name: "small")
        let metadata = try GGUFFile(reading: folder.file("model.gguf")).metadata
        #expect(metadata["tokenizer.chat_template"]?.string == "{{ 1 }}")
        #expect(metadata["tokenizer.chat_template.tool_use"]?.string == "{{ 2 }}")
        #expect(metadata["tokenizer.chat_templates"]?.array?.strings() == ["tool_use"])
    }
}
