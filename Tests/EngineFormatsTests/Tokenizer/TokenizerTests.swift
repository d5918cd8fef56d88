import CanonicalJSON
import Foundation
import TestSupport
import Testing

@testable import Engine

/// Against the `tokenizers` library, whose answers are in `Reference` (scripts/reference/tokenizer_reference.py).
@Suite struct TokenizerTests {
    static func trained(_ index: Int) throws -> (tokenizer: Tokenizer, library: JSON) {
        let cases = try reference("tokenizer-training.json")
        let item = try #require(cases[index])
        let corpus = try #require(item["corpus"]?.array).compactMap(\.string)
        let trainer = TokenizerTrainer(vocabularySize: try #require(item["vocabulary"]?.integer))
        return (try trainer.train(on: corpus), try #require(item["tokenizer"]))
    }

    @Test(arguments: [0, 1]) func trainingGivesTheLibrarysFile(index: Int) throws {
        let (tokenizer, library) = try Self.trained(index)
        #expect(tokenizer.tokenizerJSON["model"]?["merges"] == library["model"]?["merges"])
        #expect(tokenizer.tokenizerJSON == library)
    }

    @Test func idsAreSpecialTokensThenBytesThenMerges() throws {
        let (tokenizer, _) = try Self.trained(0)
        #expect(SpecialToken.allCases.map { tokenizer.id(of: $0) } == [0, 1, 2, 3, 4])
        #expect(tokenizer.vocabularySize == 340)
        #expect(tokenizer.encode("!") == [5])
        #expect(tokenizer.spellings[5..<261].map { $0?.unicodeScalars.count } == Array(repeating: 1, count: 256))
        #expect(tokenizer.spellings[261...].allSatisfy { ($0?.unicodeScalars.count ?? 0) > 1 })
    }

    @Test func unknownIdsGiveNoText() throws {
        let (tokenizer, _) = try Self.trained(0)
        #expect(tokenizer.decodeWithSpecialTokens([5, -1, 340, .max, .min, 5]) == "!!")
    }

    @Test func aThousandStringsEncodeAndDecodeAsInTheLibrary() throws {
        let tokenizer = try Tokenizer(parsing: Self.trained(0).library)
        let items = try #require(try reference("tokenizer-encodings.json").array)
        #expect(items.count == 1000)
        for item in items {
            let text = try #require(item["text"]?.string)
            let ids = try #require(item["ids"]?.array).compactMap(\.integer)
            #expect(tokenizer.encode(text) == ids, "\(text.debugDescription)")
            // By bytes: Swift's == would take two spellings of é for equal.
            #expect(Array(tokenizer.decode(ids).utf8) == Array((item["decoded"]?.string ?? text).utf8))
        }
    }

    @Test func brokenSequencesDecodeAsInTheLibrary() throws {
        let (tokenizer, _) = try Self.trained(0)
        for item in try #require(try reference("tokenizer-decodings.json").array) {
            let ids = try #require(item["ids"]?.array).compactMap(\.integer)
            #expect(item["decoded"]?.string.map { Array($0.utf8) } == Array(tokenizer.decode(ids).utf8))
            #expect(item["with_special"]?.string.map { Array($0.utf8) } == Array(tokenizer.decodeWithSpecialTokens(ids).utf8))
        }
    }

    @Test func textFromOutsideNeverBecomesASpecialToken() throws {
        let (tokenizer, _) = try Self.trained(0)
        let ids = tokenizer.encodePlainText("hi<|end|>")
        #expect(ids.allSatisfy { $0 > 4 })
        #expect(tokenizer.decode(ids) == "hi<|end|>")
        #expect(tokenizer.encode("hi<|end|>").last == 4)
    }

    @Test func aLongPieceTakesNoQuadraticTime() throws {
        let (tokenizer, _) = try Self.trained(1)
        let text = String(repeating: "aab", count: 100_000)
        #expect(tokenizer.decode(tokenizer.encode(text)) == text)
    }

    @Test func aVocabularyTooSmallForTheBytesIsRefused() {
        #expect(throws: TokenizerTrainingError.vocabularyTooSmall(requested: 100, minimum: 261)) {
            try TokenizerTrainer(vocabularySize: 100).train(on: ["a"])
        }
    }

    @Test func trainingStopsWhereNoPairIsLeft() throws {
        let tokenizer = try TokenizerTrainer(vocabularySize: 1000).train(on: ["ab ab", "abc"])
        #expect(tokenizer.spellings[261...] == ["ab", "abc"])
    }

    private static let normalizers =
        "it has the normalizer 'Nmt'; those that can be read are Lowercase, NFC, NFD, NFKC, NFKD, Precompiled, Prepend, Replace, "
        + "Strip and StripAccents"

    /// Damage done to the saved file, and what is said about it.
    static let damages: [(path: [String], value: JSON?, reason: String)] = [
        (["model"], nil, "there is no model with a type"),
        (["model", "type"], "WordLevel", "the model is a 'WordLevel'; those that can be read are BPE and Unigram"),
        (["model", "type"], "Unigram", "the model has no vocab"),
        (["model", "vocab"], nil, "the model has no vocab"),
        (["model", "merges"], nil, "the model has no merges"),
        (["model", "merges"], [["a"]], "merge 0 does not name two tokens"),
        (["model", "merges"], [["a", "zz"]], "merge 0 ('a', 'zz') needs the token 'zz', which the vocab lacks"),
        (["model", "merges"], ["! !"], "merge 0 ('!', '!') needs the token '!!', which the vocab lacks"),
        (["model", "merges"], [["l", "i"], ["l", "i"]], "merge 1 ('l', 'i') stands twice"),
        (["model", "vocab", "a"], 6, "the tokens '\"' and 'a' share the id 6"),
        (["model", "vocab", "a"], 40000, "token 'a' has the id 40000, which is out of range for 340 tokens"),
        (["model", "vocab", "a"], -1, "token 'a' has the id -1, which is out of range for 340 tokens"),
        (["model", "vocab", "a"], "x", "the id of token 'a' is not an integer"),
        (["model", "vocab", "<|end|>"], 9, "the added token '<|end|>' has the id 4 and in the vocab the id 9"),
        (
            ["model", "byte_fallback"], true,
            "the model sets 'byte_fallback' with a pre_tokenizer 'ByteLevel', which is not supported"
        ),
        (["normalizer"], ["type": "Nmt"], Self.normalizers),
        (["decoder"], nil, "its decoder is not 'ByteLevel'"),
        (["added_tokens"], [[:]], "added token 0 has no id or no content"),
        (
            ["pre_tokenizer"], ["type": "UnicodeScripts"],
            "its pre_tokenizer has the step 'UnicodeScripts'; those that can be read are ByteLevel, CharDelimiterSplit, Digits, "
                + "Metaspace, Punctuation, Split, Whitespace and WhitespaceSplit"
        ),
    ]

    @Test(arguments: damages.indices) func damageIsNamed(index: Int) throws {
        let damage = Self.damages[index]
        let damaged = Self.replace(damage.path[...], in: try Self.trained(0).library, by: damage.value)
        #expect(throws: ModelFileError(file: "tokenizer.json", reason: damage.reason)) { try Tokenizer(parsing: damaged) }
    }

    /// The value with what stands at `path` replaced, or removed where there is no value.
    private static func replace(_ path: ArraySlice<String>, in json: JSON, by value: JSON?) -> JSON {
        guard let key = path.first, var members = json.object else { return json }
        if path.count == 1 {
            members[key] = value
        } else {
            members[key] = members[key].map { replace(path.dropFirst(), in: $0, by: value) }
        }
        return .object(members)
    }

    /// Random damage to the file's bytes gives an error or a tokenizer that still works; never a crash.
    @Test func randomDamageNeverCrashes() throws {
        let bytes = try Self.trained(1).library.canonicalBytes
        var random = TestRandom(seed: 13)
        var refused = 0
        for _ in 0..<300 {
            var damaged = bytes
            for _ in 0..<Int.random(in: 1...3, using: &random) {
                damaged[Int.random(in: 0..<damaged.count, using: &random)] = UInt8.random(in: 0x20...0x7E, using: &random)
            }
            do {
                let tokenizer = try Tokenizer(parsing: JSON(parsing: damaged))
                #expect(tokenizer.encode("abab aab 12<|end|>").allSatisfy { 0..<tokenizer.vocabularySize ~= $0 })
            } catch {
                #expect(error is ModelFileError || error is JSONError)
                refused += 1
            }
        }
        #expect(refused > 200)
    }

    @Test func theLongestOfTheAddedTokensAtOnePlaceIsTaken() throws {
        let scanner = AddedTokenScanner([
            AddedToken(id: 0, content: "<a", isSpecial: true), AddedToken(id: 1, content: "<ab>", isSpecial: true),
            AddedToken(id: 2, content: "b>", isSpecial: false),
        ])
        func match(_ text: String) -> [Int]? {
            Array(text.utf8).withUnsafeBufferPointer { scanner.matches(in: $0) }.first.map {
                [$0.id, $0.range.lowerBound, $0.range.upperBound]
            }
        }
        #expect(match("x<ab>") == [1, 1, 5])
        #expect(match("<ab<ab>") == [0, 0, 2])
        #expect(match("ab>") == [2, 1, 3])
        #expect(match("<") == nil)
    }

    @Test func aFolderIsWrittenAndReadBack() throws {
        let (tokenizer, _) = try Self.trained(0)
        let folder = FileManager.default.temporaryDirectory.appending(path: "tokenizer-\(UUID().uuidString)")
        try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
        defer { try? FileManager.default.removeItem(at: folder) }
        #expect(throws: ModelFileError.self) { try Tokenizer(readingFolder: folder) }
        try tokenizer.write(to: folder, format: .query)
        #expect(try Tokenizer(readingFolder: folder).tokenizerJSON == tokenizer.tokenizerJSON)
        let configuration = try JSON(parsing: Data(contentsOf: folder.appending(path: "tokenizer_config.json")))
        #expect(configuration["eos_token"] == "<|end|>")
    }
}
