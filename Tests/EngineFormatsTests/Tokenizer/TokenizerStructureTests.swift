import CanonicalJSON
import Foundation
import Testing

@testable import Engine

/// Tokenizers with the parts of published ones against the `tokenizers` library, whose answers are in `Reference`
/// (scripts/reference/tokenizer_structures.py).
@Suite struct TokenizerStructureTests {
    static let names = [
        "Llama 2", "Llama 2 with flags", "Mistral", "Mistral with flags", "TinyLlama", "Gemma", "tokens across words", "T5",
        "XLM",
        "Unigram of bytes", "o200k", "Tekken", "DeepSeek V3", "DeepSeek Coder", "Falcon", "Bloom", "Kimi", "thousands",
        "space before", "marks apart", "words alone",
    ]

    static func file() throws -> JSON { try reference("tokenizer-structures.json") }

    /// The contents of a tokenizer's file, and what the library makes of the texts.
    static func structure(_ name: String) throws -> (json: JSON, library: JSON) {
        let file = try file()
        let library = try #require(file["tokenizers"]?.array?.first { $0["name"]?.string == name })
        var members = try #require(library["tokenizer"]?.object)
        members["model"] = try #require(file["models"]?[try #require(library["model"]?.integer)])
        return (.object(members), library)
    }

    @Test func everyStructureIsTested() throws {
        #expect(try Self.file()["tokenizers"]?.array?.compactMap { $0["name"]?.string } == Self.names)
    }

    @Test(arguments: names) func aThousandStringsEncodeAndDecodeAsInTheLibrary(name: String) throws {
        let (json, library) = try Self.structure(name)
        let tokenizer = try Tokenizer(parsing: json)
        let texts = try #require(try Self.file()["texts"]?.array).compactMap(\.string)
        let answers = try #require(library["answers"]?.array).compactMap(\.integer)
        #expect(texts.count == 1000 && answers.count == 1000)
        for (text, answer) in zip(texts, answers) {
            let ids = tokenizer.encode(text)
            let own = [
                ids.map(String.init).joined(separator: " "), tokenizer.decode(ids), tokenizer.decodeWithSpecialTokens(ids),
            ]
            #expect(Self.hash(own.joined(separator: "\0")) == answer, "\(text.debugDescription)")
        }
        #expect(tokenizer.encodeWithFrame(texts[0]) == library["framed"]?.array?.compactMap(\.integer))
    }

    @Test(arguments: names) func whatWasReadIsWrittenBack(name: String) throws {
        let json = try Self.structure(name).json
        #expect(try Tokenizer(parsing: json).tokenizerJSON == json)
    }

    /// A text that goes on gets no prefix; together with what comes before, it reads the same.
    @Test(arguments: ["Llama 2", "Mistral", "TinyLlama", "space before"]) func aTextThatGoesOnHasNoPrefix(name: String) throws {
        let tokenizer = try Tokenizer(parsing: Self.structure(name).json)
        let bytes = tokenizer.bytes(of: tokenizer.encodePlainText("light on", continues: true))
        #expect(String(decoding: bytes, as: UTF8.self) == "light on")
        #expect(String(decoding: tokenizer.bytes(of: tokenizer.encodePlainText("light on")), as: UTF8.self) == " light on")
    }

    private static func hash(_ text: String) -> Int {
        Int(text.utf8.reduce(UInt32(0x811C_9DC5)) { ($0 ^ UInt32($1)) &* 0x0100_0193 })
    }
}
