import CanonicalJSON
import Foundation
import TestSupport
import Testing

@testable import Engine

/// SentencePiece's vocabularies in GGUF's metadata.
@Suite struct GGUFSentencePieceTests {
    /// A tokenizer's entries, read as a file of their own.
    private static func entries(_ tokenizer: JSON, settings: JSON = [:]) throws -> (file: GGUFFile, differences: [String]) {
        let folder = TemporaryFolder()
        try folder.write(settings, to: "tokenizer_config.json")
        let rows = try Tokenizer(parsing: tokenizer).vocabularySize + 2
        var configuration = try ModelConfiguration(
            vocabularySize: rows, hiddenSize: 8, layerCount: 1, headCount: 1, keyValueHeadCount: 1, intermediateSize: 8)
        configuration.controlTokens = ControlTokens(begin: 1, end: [2], padding: nil)
        let entries = try GGUFTokenizerEntries(
            tokenizer: tokenizer, settings: TokenizerSettings(readingFolder: folder.model), for: configuration)
        var header = GGUFHeader()
        header.add("general.architecture", "llama")
        entries.add(to: &header)
        return (try GGUFFile(parsing: Data(header.bytes)), entries.differences)
    }

    private static func read(_ file: GGUFFile) throws -> Tokenizer {
        let folder = TemporaryFolder()
        try file.writeTokenizer(to: folder.url)
        return try folder.model.tokenizer()
    }

    @Test(arguments: ["Llama 2", "Llama 2 with flags", "Mistral", "TinyLlama", "Gemma"])
    func aVocabularyThatIsWrittenIsReadBack(name: String) throws {
        let json = try TokenizerStructureTests.structure(name).json
        let tokenizer = try Tokenizer(parsing: json)
        let (file, _) = try Self.entries(json)
        #expect(file.metadata["tokenizer.ggml.model"]?.string == "llama")
        #expect(file.metadata["tokenizer.ggml.add_space_prefix"]?.bool == (name != "Gemma"))
        #expect(file.metadata["tokenizer.ggml.scores"]?.array?.count == tokenizer.vocabularySize + 2)
        let kinds = try #require(file.metadata["tokenizer.ggml.token_type"]?.array?.integers())
        #expect(kinds[0] == 2 && kinds[1] == 3 && kinds[2] == 3)
        #expect(kinds.filter { $0 == 6 }.count == 256 && kinds.suffix(2) == [5, 5])
        let read = try Self.read(file)
        let texts = try #require(try TokenizerStructureTests.file()["texts"]?.array).compactMap(\.string)
        for text in texts {
            #expect(read.encode(text) == tokenizer.encode(text), "\(text.debugDescription)")
            #expect(read.decode(tokenizer.encode(text)) == tokenizer.decode(tokenizer.encode(text)))
        }
        #expect(read.encodeWithFrame(texts[0]) == tokenizer.encodeWithFrame(texts[0]))
    }

    /// The characters a, b, c and the mark, with merges in SentencePiece's order.
    private static func small(merges: [[String]], more: [String] = [], added: JSON = []) -> JSON {
        let bytes = (UInt8.min...UInt8.max).map { CharacterTokens.spelling(of: $0) }
        let tokens = ["<unk>", "<s>", "</s>"] + bytes + ["▁", "a", "b", "c"] + merges.map { $0.joined() } + more
        var known: [String] = []
        for token in tokens where !known.contains(token) { known.append(token) }
        let special: [JSON] = ["<unk>", "<s>", "</s>"].enumerated().map { id, content in
            [
                "id": .count(id), "content": .string(content), "special": true, "single_word": false, "lstrip": false,
                "rstrip": false, "normalized": false,
            ]
        }
        let form = SentencePieces(putsSpaceBefore: true)
        return [
            "version": "1.0", "truncation": nil, "padding": nil, "added_tokens": .array(special + (added.array ?? [])),
            "normalizer": form.normalizer, "pre_tokenizer": nil, "post_processor": nil, "decoder": form.decoder,
            "model": [
                "type": "BPE", "dropout": nil, "unk_token": "<unk>", "continuing_subword_prefix": nil,
                "end_of_word_suffix": nil, "fuse_unk": true, "byte_fallback": true, "ignore_merges": false,
                "vocab": .object(byBytes: known.enumerated().map { ($0.element, .count($0.offset)) }),
                "merges": .array(merges.map { .array($0.map(JSON.string)) }),
            ],
        ]
    }

    @Test func scoresStandForMerges() throws {
        // ab; abc, by both ways, those of later tokens first; ▁a.
        let exact = Self.small(merges: [["a", "b"], ["b", "c"], ["ab", "c"], ["a", "bc"], ["▁", "a"]])
        let (file, differences) = try Self.entries(exact)
        #expect(differences.isEmpty)
        #expect(file.metadata["tokenizer.ggml.merges"] == nil && file.metadata["tokenizer.huggingface.json"] == nil)
        let tokens = try #require(file.metadata["tokenizer.ggml.tokens"]?.array?.strings())
        let scores = try #require(file.metadata["tokenizer.ggml.scores"]?.array?.floats())
        func score(_ token: String) -> Float? { tokens.firstIndex(of: token).map { scores[$0] } }
        #expect(score("ab") == 0 && score("bc") == -1 && score("abc") == -2 && score("▁a") == -3)
        #expect(try Self.read(file).tokenizerJSON == exact)
        // Neither the second way to abc nor a token without merges can be told by scores.
        for other in [
            Self.small(merges: [["a", "b"], ["b", "c"], ["ab", "c"]]), Self.small(merges: [["a", "b"]], more: ["bc"]),
        ] {
            let (file, differences) = try Self.entries(other)
            #expect(differences.count == 1 && differences.first?.contains("joins tokens by scores") == true)
            #expect(file.metadata["tokenizer.ggml.merges"] != nil)
            #expect(try Self.read(file).tokenizerJSON == other)
        }
    }

    /// llama.cpp looks for them in the raw text.
    @Test func userDefinedTokensHaveSpaces() throws {
        let added: JSON = [
            [
                "id": 264, "content": "▁▁", "special": false, "single_word": false, "lstrip": false, "rstrip": false,
                "normalized": false,
            ]
        ]
        let tokenizer = Self.small(merges: [["▁", "▁"]], added: added)
        let id = try #require(tokenizer["model"]?["vocab"]?["▁▁"]?.integer)
        var members = try #require(tokenizer.object)
        members["added_tokens"] = .array(
            (tokenizer["added_tokens"]?.array ?? []).map { token in
                token["content"] == "▁▁" ? .object((token.object ?? [:]).merging(["id": .count(id)]) { $1 }) : token
            })
        let (file, _) = try Self.entries(.object(members))
        #expect(file.metadata["tokenizer.ggml.tokens"]?.array?.strings()?[id] == "  ")
        #expect(file.metadata["tokenizer.ggml.token_type"]?.array?.integers()?[id] == 4)
        #expect(try Self.read(file).tokenizerJSON == .object(members))
    }

    @Test func whatLlamaCppDoesOtherwiseIsSaid() throws {
        let first = try Self.entries(TokenizerStructureTests.structure("Mistral").json)
        #expect(first.differences.contains { $0.contains("puts a space behind special tokens too") })
        var normalized = try #require(Self.small(merges: []).object)
        normalized["normalizer"] = [
            "type": "Sequence", "normalizers": [["type": "NFKC"], SentencePieces(putsSpaceBefore: false).normalizer],
        ]
        let said = try Self.entries(.object(normalized)).differences
        #expect(said == ["llama.cpp does not normalize text as this tokenizer does"])
    }

    @Test(arguments: ["T5", "XLM", "Unigram of bytes", "words alone"])
    func whatAFileCannotHoldIsRefusedByName(name: String) throws {
        let json = try TokenizerStructureTests.structure(name).json
        let error = #expect(throws: ModelFileError.self) { try Self.entries(json) }
        let type = name == "words alone" ? "BPE" : "Unigram"
        #expect(error?.reason.contains("a tokenizer of the type '\(type)' that a GGUF file cannot hold") == true)
    }

    /// The cuts of published tokenizers that are no steps of Decant's own.
    @Test(
        arguments: [
            ("o200k", "gpt-4o"), ("Tekken", "tekken"), ("Falcon", "falcon"), ("DeepSeek Coder", "gpt-2"), ("Kimi", "gpt-2"),
        ])
    func publishedCutsHaveTheirNames(name: String, pre: String) throws {
        let json = try TokenizerStructureTests.structure(name).json
        let (file, differences) = try Self.entries(json)
        #expect(file.metadata["tokenizer.ggml.pre"]?.string == pre)
        #expect(differences.isEmpty == (pre != "gpt-2"))
        let (tokenizer, read) = (try Tokenizer(parsing: json), try Self.read(file))
        for text in try #require(try TokenizerStructureTests.file()["texts"]?.array).compactMap(\.string) {
            #expect(read.encode(text) == tokenizer.encode(text))
        }
    }
}
