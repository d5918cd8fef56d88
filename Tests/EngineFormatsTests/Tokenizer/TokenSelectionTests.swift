import CanonicalJSON
import Foundation
import TestSupport
import Testing
import Words

@testable import Engine

/// Tokenizers that lose the tokens that some texts do not need. Which tokens stay, and what the `tokenizers` library makes of
/// texts with them, is in `Reference` (scripts/reference/pruned_tokenizer_reference.py).
@Suite struct TokenSelectionTests {
    static let names = [
        "Llama 2", "Mistral", "TinyLlama", "Gemma", "tokens across words", "T5", "XLM", "Unigram of bytes",
        "Unigram with bytes for the rest", "o200k", "o200k, whole pieces", "Tekken", "Bloom", "space before", "words alone",
    ]

    /// Structures with a member of their model set.
    private static let variants = [
        "o200k, whole pieces": (of: "o200k", member: "ignore_merges"),
        "Unigram with bytes for the rest": (of: "Unigram of bytes", member: "byte_fallback"),
    ]

    private static func tokenizer(_ name: String) throws -> Tokenizer {
        guard let variant = variants[name] else { return try Tokenizer(parsing: TokenizerStructureTests.structure(name).json) }
        var members = try #require(TokenizerStructureTests.structure(variant.of).json.object)
        var model = try #require(members["model"]?.object)
        model[variant.member] = true
        members["model"] = .object(model)
        return try Tokenizer(parsing: .object(members))
    }

    private static func texts() throws -> [String] {
        try #require(try TokenizerStructureTests.file()["texts"]?.array).compactMap(\.string)
    }

    /// Every ninth text is of the domain.
    private static func isOfDomain(_ place: Int) -> Bool { place % 9 == 4 }

    private static func selection(_ tokenizer: Tokenizer, _ texts: [String]) throws -> TokenSelection {
        let domain = texts.enumerated().filter { isOfDomain($0.offset) }.map(\.element)
        return try TokenSelection(of: tokenizer, used: Set(domain.flatMap { tokenizer.encode($0) }), keeping: .used)
    }

    @Test func everyTokenizerOfTheReferenceIsTested() throws {
        #expect(try reference("tokenizer-pruned.json").array?.compactMap { $0["name"]?.string } == Self.names)
    }

    @Test(arguments: names) func theTokensOfTheReferenceStayAndEncodeAsInTheLibrary(name: String) throws {
        let library = try #require(reference("tokenizer-pruned.json").array?.first { $0["name"]?.string == name })
        let (tokenizer, texts) = (try Self.tokenizer(name), try Self.texts())
        let selection = try Self.selection(tokenizer, texts)
        #expect(selection.kept == library["kept"]?.array?.compactMap(\.integer))
        let pruned = try tokenizer.keeping(selection)
        #expect(pruned.vocabularySize == selection.kept.count && pruned.vocabularySize < tokenizer.vocabularySize)
        let answers = try #require(library["answers"]?.array).compactMap(\.integer)
        for (text, answer) in zip(stride(from: 0, to: texts.count, by: 4).map { texts[$0] }, answers) {
            #expect(Self.hash(pruned.encode(text)) == answer, "\(text.debugDescription)")
        }
        #expect(answers.count == 250)
    }

    @Test(arguments: names) func textsOfTheDomainAreTheSameTokens(name: String) throws {
        let (tokenizer, texts) = (try Self.tokenizer(name), try Self.texts())
        let selection = try Self.selection(tokenizer, texts)
        let pruned = try tokenizer.keeping(selection)
        for (place, text) in texts.enumerated() where Self.isOfDomain(place) {
            let expected: [Int?] = tokenizer.encode(text).map { selection[$0] }
            let found: [Int?] = pruned.encode(text).map { $0 }
            #expect(found == expected, "\(text.debugDescription)")
        }
    }

    /// Tokens without a decoder are joined by spaces, so that no text comes back from them.
    @Test(arguments: names.filter { $0 != "words alone" }) func whatCameBackStillComesBack(name: String) throws {
        let (tokenizer, texts) = (try Self.tokenizer(name), try Self.texts())
        let pruned = try tokenizer.keeping(Self.selection(tokenizer, texts))
        func comesBack(_ text: String, _ tokenizer: Tokenizer) -> Bool {
            tokenizer.decodeWithSpecialTokens(tokenizer.encode(text)).utf8.elementsEqual(text.utf8)
        }
        var random = TestRandom(seed: 7)
        let others = (0..<300).map { _ in Self.text(&random) }
        for text in texts + others where comesBack(text, tokenizer) {
            #expect(comesBack(text, pruned), "\(text.debugDescription)")
        }
    }

    /// Characters of all planes.
    private static func text(_ random: inout TestRandom) -> String {
        var text = String.UnicodeScalarView()
        for _ in 0..<1 + random.next(below: 24) {
            let limit = [0x7F, 0x7FF, 0xFFFF, 0x10FFFF][random.next(below: 4)]
            if let scalar = Unicode.Scalar(UInt32(random.next(below: limit))) { text.append(scalar) }
        }
        return String(text)
    }

    private static func hash(_ ids: [Int]) -> Int {
        let text = ids.map(String.init).joined(separator: " ")
        return Int(text.utf8.reduce(UInt32(0x811C_9DC5)) { ($0 ^ UInt32($1)) &* 0x0100_0193 })
    }

    // MARK: How many stay

    private static func trained() throws -> Tokenizer {
        try TokenizerTrainer(vocabularySize: 300).train(
            on: (0..<40).map {
                "turn on the light in room \($0), please; turn it off. Play some quiet music by whoever sang yesterday, and wake us."
            })
    }

    @Test func theFrequentOnesOfTheOthersStayToo() throws {
        let tokenizer = try Self.trained()
        #expect(tokenizer.tokenCount == 300)
        let used = Set(tokenizer.encode("please"))
        func kept(_ amount: KeptVocabulary, multiple: Int = 1) throws -> [Int] {
            try TokenSelection(of: tokenizer, used: used, keeping: amount, multiple: multiple).kept
        }
        let least = try kept(.used)
        #expect(least.count < 280 && used.isSubset(of: least))
        #expect(try kept(.tokens(290)).count == 290)
        #expect(try kept(.share(0.95)).count == 285)
        #expect(try kept(.tokens(281), multiple: 8).count == 288)
        #expect(try kept(.used, multiple: 64) == Array(0..<300), "there are no more")
        // Merges that were learned first have the lowest ids.
        let others = (0..<300).filter { !least.contains($0) }
        #expect(try kept(.tokens(290)).filter { !least.contains($0) } == Array(others.prefix(290 - least.count)))
    }

    @Test func whatCannotStayOrNeedNotGoIsSaid() throws {
        let tokenizer = try Self.trained()
        func refusal(_ amount: KeptVocabulary) -> String {
            do throws(TokenSelectionError) {
                _ = try TokenSelection(of: tokenizer, used: Set(tokenizer.encode("please")), keeping: amount)
                return ""
            } catch {
                return error.description
            }
        }
        #expect(refusal(.tokens(100)).contains("of the 300 tokens, and 'vocabulary' keeps 100: write 'vocabulary: used'"))
        #expect(refusal(.share(0.1)).contains("'vocabulary' keeps 30"))
        #expect(refusal(.tokens(300)).hasSuffix("nothing would go"))
        #expect(refusal(.used) == "")
    }

    // MARK: Other tokenizers' tokens, ids in the file

    @Test func theTokensOfAnotherTokenizerAreFound() throws {
        let tokenizer = try Self.tokenizer("Gemma")
        let selection = try Self.selection(tokenizer, Self.texts())
        let pruned = try tokenizer.keeping(selection)
        let again = try TokenSelection(of: tokenizer, like: pruned)
        #expect(again.kept == selection.kept)
        #expect(try tokenizer.keeping(again).tokenizerJSON == pruned.tokenizerJSON)
        #expect(throws: TokenSelectionError.self) { try TokenSelection(of: pruned, like: tokenizer) }
    }

    @Test func stepsBehindTheModelNameTheNewIds() throws {
        var members = try #require(TokenizerStructureTests.structure("o200k").json.object)
        let old = try Self.tokenizer("o200k")
        func id(_ token: String, _ tokenizer: Tokenizer) throws -> Int { try #require(tokenizer.id(of: token)) }
        let (begin, end, padding) = ("<|im_start|>", "</tool_call>", "<|endoftext|>")
        members["post_processor"] = [
            "type": "RobertaProcessing", "cls": [.string(begin), .count(try id(begin, old))],
            "sep": [.string(end), .count(try id(end, old))], "trim_offsets": true, "add_prefix_space": false,
        ]
        members["padding"] = [
            "strategy": "BatchLongest", "direction": "Right", "pad_to_multiple_of": nil, "pad_type_id": 0,
            "pad_id": .count(try id(padding, old)), "pad_token": .string(padding),
        ]
        let tokenizer = try Tokenizer(parsing: .object(members))
        let pruned = try tokenizer.keeping(Self.selection(tokenizer, Self.texts()))
        #expect(try id(begin, pruned) < id(begin, old))
        #expect(pruned.encodeWithFrame("") == [try id(begin, pruned), try id(end, pruned)])
        #expect(pruned.tokenizerJSON["padding"]?["pad_id"]?.integer == (try id(padding, pruned)))
    }
}
