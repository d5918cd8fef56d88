import CanonicalJSON
import Foundation
import Testing

@testable import Engine

/// Vocabularies with the settings of published models against the `tokenizers` library, whose answers are in `Reference`
/// (scripts/reference/tokenizer_reference.py families).
@Suite struct TokenizerFamilyTests {
    struct Family {
        var tokenizer: Tokenizer
        var library: JSON
        var texts: [String]
        var ids: [[Int]]
    }

    static let names = ["GPT-2", "SmolLM2", "Qwen2", "Llama 3", "flags", "unknown"]

    static func family(_ name: String) throws -> Family {
        let file = try reference("tokenizer-families.json")
        let item = try #require(file["tokenizers"]?.array?.first { $0["name"]?.string == name })
        let library = try #require(item["tokenizer"])
        let own = item["texts"]?.array ?? file["texts"]?.array
        let texts = try #require(own).compactMap(\.string)
        let ids = try #require(item["ids"]?.array).map { ($0.array ?? []).compactMap(\.integer) }
        return Family(tokenizer: try Tokenizer(parsing: library), library: item, texts: texts, ids: ids)
    }

    @Test(arguments: names) func threeHundredStringsEncodeAndDecodeAsInTheLibrary(name: String) throws {
        let family = try Self.family(name)
        let decoded = try #require(family.library["decoded"]?.array).compactMap(\.string)
        #expect(family.texts.count == 300)
        for (text, ids) in zip(family.texts, family.ids) {
            #expect(family.tokenizer.encode(text) == ids, "\(text.debugDescription)")
        }
        for (ids, text) in zip(family.ids, decoded) {
            #expect(Array(family.tokenizer.decode(ids).utf8) == Array(text.utf8))
        }
    }

    @Test(arguments: names) func whatWasReadIsWrittenBack(name: String) throws {
        let family = try Self.family(name)
        #expect(family.tokenizer.tokenizerJSON == family.library["tokenizer"])
    }

    @Test(arguments: names) func aTextEncodesTheSameAgainAndOnOtherThreads(name: String) async throws {
        let family = try Self.family(name)
        await withTaskGroup(of: [[Int]].self) { group in
            for _ in 0..<4 { group.addTask { family.texts.map { family.tokenizer.encode($0) } } }
            for await ids in group { #expect(ids == family.ids) }
        }
    }

    @Test func thePostProcessorFramesAText() throws {
        for name in ["Llama 3", "Qwen2"] {
            let family = try Self.family(name)
            let framed = try #require(family.library["framed"]?.array).compactMap(\.integer)
            #expect(family.tokenizer.encodeWithFrame(family.texts[0]) == framed)
        }
        let llama = try Self.family("Llama 3").tokenizer
        #expect(llama.encodeWithFrame("").first == llama.id(of: "<|begin_of_text|>"))
    }

    @Test func everyRuleCutsAtItsOwnPlaces() {
        func pieces(_ rule: PreTokenizer, _ text: String) -> [String] {
            rule.pieces(of: text)
        }
        #expect(pieces(.gpt2, "I'll  see 123 x!\n\n b") == ["I", "'ll", " ", " see", " 123", " x", "!", "\n\n", " b"])
        #expect(pieces(.gpt2, "I'LL 's") == ["I", "'", "LL", " '", "s"])
        #expect(pieces(.gpt2WithSingleDigits, "x  12 y") == ["x", "  ", "1", "2", " y"])
        #expect(
            pieces(.cased(digits: 1), "I'LL (see) 12\t\n x") == ["I", "'LL", " (", "see", ")", " ", "1", "2", "\t\n", " x"])
        #expect(pieces(.cased(digits: 3), "12345 a'ſb") == ["123", "45", " a", "'ſ", "b"])
        #expect(pieces(.cased(digits: 1), "a  \n  \n  b?\r\n") == ["a", "  \n  \n", " ", " b", "?\r\n"])
    }

    /// Expressions and the pieces that they find.
    static let expressions: [(expression: String, text: String, pieces: [String])] = [
        ("a+?b", "aaab", ["aaab"]), ("a{2,3}", "aaaaaaa", ["aaa", "aaa"]), ("(?:ab){2}", "ababab", ["abab"]),
        ("(?:ab)+c?", "ababcab", ["ababc", "ab"]), ("x|xy", "xy", ["x"]), ("a(?=b)", "abac", ["a"]), ("(?<!a)b", "abb", ["b"]),
        ("[a-z&&[^b]]+", "abc", ["a", "c"]), ("[^\\s\\p{L}]+", "a1 é2", ["1", "2"]), ("a*+b", "aab", ["aab"]),
        ("(?i:ab)", "aBAb", ["aB", "Ab"]), ("[\\x41\\u0042-]+", "AB-C", ["AB-"]), ("b$", "b\nb", ["b", "b"]),
        ("\\P{L}+?", "12", ["1", "2"]),
    ]

    @Test(arguments: expressions.indices) func anExpressionFindsWhatOnigurumaFinds(index: Int) throws {
        let (source, text, pieces) = Self.expressions[index]
        let expression = try PieceExpression(source)
        var found: [String] = []
        Array(text.utf8).withUnsafeBufferPointer { bytes in
            expression.forEachMatch(in: bytes) { found.append(String(decoding: bytes[$0], as: UTF8.self)) }
        }
        #expect(found == pieces)
    }

    @Test func expressionsThatCannotBeUsedAreNamed() {
        for (source, reason) in [
            ("(a+)+", "a repeated group of this kind"), ("a*", "matches an empty text"),
            ("(?i:ss)", "'ss' where case is ignored"),
            ("[a", "a '[' without its ']'"),
            ("a{2001}", "a repetition of more than 1000"), ("\\k", "'\\k'"), ("\\p{Greek}", "the property 'Greek'"),
            ("(a", "a '(' without its ')'"),
            (String(repeating: "(", count: 100), "groups deeper in one another than 32"),
        ] {
            let fault = #expect(throws: TokenizerFault.self) { try PieceExpression(source) }
            #expect(fault?.description.contains(reason) == true, "\(source): \(fault?.description ?? "")")
        }
    }

    /// Both spellings of a character may be tokens; Swift's strings are equal where they mean the same.
    @Test func tokensThatAreCanonicallyEquivalentAreDifferent() throws {
        let text = """
            {"model": {"type": "BPE", "vocab": {"\\uf900": 0, "\\u8c48": 1, "a": 2}, "merges": []}, "added_tokens": [],
            "pre_tokenizer": null, "normalizer": null, "decoder": {"type": "Fuse"}, "post_processor": null}
            """
        let tokenizer = try Tokenizer(parsing: JSON(parsingByBytes: text.utf8))
        #expect(tokenizer.encode("\u{8c48}a\u{f900}") == [1, 2, 0])
        #expect(Array(tokenizer.decode([0, 1]).utf8) == Array("\u{f900}\u{8c48}".utf8))
        #expect(try JSON(parsingByBytes: tokenizer.tokenizerJSON.canonicalBytes) == JSON(parsingByBytes: text.utf8))
        #expect(throws: JSONError.self) { try JSON(parsing: text) }
        #expect(throws: JSONError.self) { try JSON(parsingByBytes: #"{"a": 1, "a": 2}"#.utf8) }
    }

    @Test func textIsComposedByTheTablesOfTheLibrary() {
        func composed(_ text: String) -> [UInt32] {
            var text = text
            return text.withUTF8 { bytes in
                let result = NormalizationFormC.composed(bytes)
                return String(decoding: result ?? Array(bytes), as: UTF8.self).unicodeScalars.map(\.value)
            }
        }
        #expect(composed("e\u{301}x") == [0xE9, 0x78])
        #expect(composed("a\u{323}\u{302}b") == [0x1EAD, 0x62])
        #expect(composed("q\u{307}\u{323}") == [0x71, 0x323, 0x307])
        #expect(composed("\u{1112}\u{1161}\u{11AB}") == [0xD55C])
        #expect(composed("\u{212B}") == [0xC5])
        // A supplementary character does not become the one whose low half it shares.
        #expect(composed("\u{E0041}\u{308}") == [0xE0041, 0x308])
        // Of Unicode 16: unknown to the library, so it does not compose.
        #expect(composed("\u{105D2}\u{307}") == [0x105D2, 0x307])
        #expect(composed("\u{315}\u{F73}\u{334}") == [0x334, 0xF71, 0xF72, 0x315])
    }

    @Test func idsMayHaveGaps() throws {
        let family = try Self.family("GPT-2")
        var json = try #require(family.library["tokenizer"]?.object)
        let count = family.tokenizer.vocabularySize
        json["added_tokens"] = [["id": .integer(Int64(count + 5)), "content": "<far>", "special": true]]
        let tokenizer = try Tokenizer(parsing: .object(json))
        #expect(tokenizer.vocabularySize == count + 6)
        #expect(tokenizer.encode("<far>") == [count + 5])
        #expect(tokenizer.decodeWithSpecialTokens([count, count + 1, count + 5, count + 6, -1]) == "<far>")
    }

    /// What makes a file another kind of tokenizer, and what is said about it.
    static let refusals: [(key: String, value: JSON, reason: String)] = [
        (
            "pre_tokenizer",
            [
                "type": "Sequence",
                "pretokenizers": [
                    ["type": "Split", "pattern": ["Regex": "(?<x>a)+"], "behavior": "Isolated"],
                    ["type": "ByteLevel", "use_regex": false],
                ],
            ], "the expression '(?<x>a)+' has a group '(?<', which is not supported"
        ),
        ("post_processor", ["type": "Bert"], "it has a post_processor ('Bert'), which is not supported"),
        (
            "post_processor", ["type": "TemplateProcessing", "single": [["SpecialToken": ["id": "<s>"]]]],
            #"its post_processor has the piece {"SpecialToken":{"id":"<s>"}}, which cannot be read"#
        ),
        (
            "post_processor",
            [
                "type": "TemplateProcessing", "single": [["SpecialToken": ["id": "<s>"]], ["Sequence": ["id": "A"]]],
                "special_tokens": ["<s>": ["ids": [9999]]],
            ], "its post_processor adds the token 9999, which does not exist"
        ),
    ]

    @Test(arguments: refusals.indices) func whatCannotBeReadIsNamed(index: Int) throws {
        let refusal = Self.refusals[index]
        var json = try #require(try Self.family("Qwen2").library["tokenizer"]?.object)
        json[refusal.key] = refusal.value
        #expect(throws: ModelFileError(file: "tokenizer.json", reason: refusal.reason)) {
            try Tokenizer(parsing: .object(json))
        }
    }
}
