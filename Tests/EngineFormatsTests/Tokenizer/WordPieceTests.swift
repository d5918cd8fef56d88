import CanonicalJSON
import Foundation
import Testing

@testable import Engine

/// Against what the `tokenizers` library gives; `scripts/reference/bert_reference.py` writes it.
@Suite struct WordPieceTests {
    static func reference() throws -> JSON { try EngineFormatsTests.reference("wordpiece.json") }

    static func vocabulary(_ tokenizer: JSON) -> [(key: String, id: Int)] {
        (tokenizer["model"]?["vocab"]?.object ?? [:]).compactMap { key, value in value.integer.map { (key, $0) } }
            .sorted { $0.1 < $1.1 }
    }

    @Test(arguments: ["uncased", "cased"])
    func idsAreThoseOfTheLibrary(kind: String) throws {
        let reference = try #require(try Self.reference()[kind])
        let tokenizer = try WordPieceTokenizer(parsing: try #require(reference["tokenizer"]))
        let texts = try #require(reference["texts"]?.array).compactMap(\.string)
        let expected = try #require(reference["ids"]?.array)
        #expect(texts.count > 50)
        for (text, ids) in zip(texts, expected) {
            #expect(tokenizer.encode(text).map(Int.init) == (ids.array ?? []).compactMap(\.integer), "\(text)")
        }
    }

    @Test func aVocabularyOfLinesGivesTheSame() throws {
        let folder = URL.temporaryDirectory.appending(path: "wordpiece-\(UUID().uuidString)", directoryHint: .isDirectory)
        try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
        defer { try? FileManager.default.removeItem(at: folder) }
        #expect(throws: ModelFileError(file: "tokenizer.json", reason: "the file is missing, and vocab.txt too")) {
            try WordPieceTokenizer(readingFolder: folder)
        }
        for kind in ["uncased", "cased"] {
            let reference = try #require(try Self.reference()[kind])
            let lines = Self.vocabulary(try #require(reference["tokenizer"])).map(\.key).joined(separator: "\n") + "\n"
            try Data(lines.utf8).write(to: folder.appending(path: "vocab.txt"))
            let configuration = #"{"do_lower_case": \#(kind == "uncased"), "strip_accents": null}"#
            try Data(configuration.utf8).write(to: folder.appending(path: "tokenizer_config.json"))
            let read = try WordPieceTokenizer(readingFolder: folder)
            let whole = try WordPieceTokenizer(parsing: try #require(reference["tokenizer"]))
            for text in (try #require(reference["texts"]?.array)).compactMap(\.string) {
                #expect(read.encode(text) == whole.encode(text))
            }
        }
    }

    /// Text from outside never becomes a special token, and a long one keeps its end token.
    @Test func aTextEndsWhereItIsCut() throws {
        let tokenizer = try WordPieceTokenizer(parsing: try #require(try Self.reference()["uncased"]?["tokenizer"]))
        let whole = tokenizer.encode("turn on the lights [SEP] [CLS]")
        #expect(whole.filter { $0 == 2 || $0 == 3 } == [2, 3])
        for limit in 3...8 {
            let cut = tokenizer.encode("turn on the lights [SEP]", atMost: limit)
            #expect(cut == whole.prefix(limit - 1) + [3])
        }
    }

    @Test(arguments: [
        ("model", #"{"type":"BPE"}"#, #"its model is of type "BPE"; an encoder's must be WordPiece"#),
        ("normalizer", "null", "its normalizer is of type none; an encoder's must be BertNormalizer"),
        (
            "pre_tokenizer", #"{"type":"ByteLevel"}"#,
            #"its pre_tokenizer is of type "ByteLevel"; an encoder's must be BertPreTokenizer"#
        ),
        ("post_processor", "null", "its post_processor does not put one token before a text and one behind it"),
        ("model", #"{"type":"WordPiece","vocab":{"a":0}}"#, "the vocabulary has no token '[UNK]'"),
        ("model", #"{"type":"WordPiece","vocab":{"a":-1}}"#, "the id of the piece 'a' is -1"),
        ("model", #"{"type":"WordPiece","vocab":{"a":99999999999}}"#, "the id of the piece 'a' is 99999999999"),
        ("model", #"{"type":"WordPiece"}"#, "the model has no vocab"),
    ])
    func whatIsNoEncodersTokenizerIsNamed(field: String, value: String, reason: String) throws {
        var members = try #require(try Self.reference()["uncased"]?["tokenizer"]?.object)
        members[field] = try JSON(parsing: value)
        let json = JSON.object(members)
        #expect(throws: ModelFileError(file: "tokenizer.json", reason: reason)) { try WordPieceTokenizer(parsing: json) }
    }
}
