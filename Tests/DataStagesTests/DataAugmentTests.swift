import CanonicalJSON
import Engine
import Foundation
import TestSupport
import Testing
import Words

@testable import Kinds
@testable import Stages

@Suite struct DataAugmentTests {
    private static let functions =
        #"[{"name":"light","description":"","parameters":{"type":"object","properties":{"room":{"type":"string","#
        + #""enum":["kitchen","bedroom"]},"who":{"type":"string"}},"required":[]}}]"#

    private static func row(_ id: Int, _ query: String, _ arguments: String = #"{"room":"kitchen"}"#) -> String {
        #"{"answers":[{"arguments":\#(arguments),"name":"light"}],"functions":[],"id":"r\#(id)","query":"\#(query)"}"#
    }

    private static let training = (0..<200).map { row($0, "turn the kitchen lights on number \($0)") }
    private static let test = (200..<300).map { row($0, "switch on the kitchen lights number \($0)") }

    private static func run(_ kind: DataAugment, training: [String] = training, test: [String] = test) throws -> StageRun {
        try StageRun(
            kind,
            texts: [
                "data/functions.json": functions, "data/train.jsonl": training.joined(separator: "\n") + "\n",
                "data/test.jsonl": test.joined(separator: "\n") + "\n",
            ])
    }

    @Test func trainingRowsKeepTheirPlaceAndGetCopies() throws {
        let run = try Self.run(DataAugment())
        let rows = try run.lines("train.jsonl")
        #expect(rows.prefix(200).map(\.canonicalText) == Self.training)
        let copies = rows.dropFirst(200)
        #expect(copies.count > 190)
        #expect(copies.allSatisfy { $0["id"]?.string?.hasSuffix("~varied-1") == true })
        #expect(copies.allSatisfy { $0["answers"] == [["name": "light", "arguments": ["room": "kitchen"]]] })
        #expect(Set(rows.compactMap { $0["query"]?.string }).count == rows.count)
        #expect(try run.lines("test.jsonl").map(\.canonicalText) == Self.test)
    }

    @Test func theSetRobustIsTheTestRowsWrittenOtherwise() throws {
        let run = try Self.run(DataAugment(rows: 40))
        let robust = try run.lines("robust.jsonl")
        #expect(robust.count <= 40 && robust.count > 35)
        #expect(robust.allSatisfy { $0["id"]?.string?.hasSuffix("~robust") == true })
        let asked = Set(try run.lines("train.jsonl").compactMap { $0["query"]?.string })
        #expect(robust.allSatisfy { !asked.contains($0["query"]?.string ?? "") })
        #expect(try run.json("augment.json")["robust"]?["rows"]?.integer == robust.count)
        #expect(throws: (any Error).self) { try Self.run(DataAugment(rows: 0)).lines("robust.jsonl") }
    }

    @Test func everyVariationOccursAndOneAloneChangesNothingElse() throws {
        let counts = try Self.run(DataAugment(copies: 4)).json("augment.json")["train"]?["variations"]?.object ?? [:]
        #expect(Set(counts.keys) == Set(QueryVariation.allCases.map(\.rawValue)))
        let cased = try Self.run(DataAugment(variations: [.letterCase])).lines("train.jsonl").compactMap { $0["query"]?.string }
        let plain = Set(cased.prefix(200))
        #expect(cased.count > 300)
        #expect(cased.dropFirst(200).allSatisfy { !plain.contains($0) && plain.contains($0.lowercased()) })
    }

    @Test func aRowsVariationDependsOnItAlone() throws {
        let many = try Self.run(DataAugment()).lines("train.jsonl")
        let few = try Self.run(DataAugment(), training: Array(Self.training.prefix(20).reversed())).lines("train.jsonl")
        let known = Dictionary(many.map { ($0["id"]?.string ?? "", $0) }, uniquingKeysWith: { first, _ in first })
        for row in few { #expect(known[row["id"]?.string ?? ""] == row) }
        #expect(try Self.run(DataAugment(seed: 8)).lines("train.jsonl") != many)
    }

    @Test func phrasesOfRobustAreUnknownToTraining() {
        for group in [EnglishPhrases.polite, EnglishPhrases.fillers] {
            let training = group.known(to: .training)
            #expect(training.count * 4 >= group.phrases.count * 2)
            #expect(Set(training).isStrictSubset(of: Set(group.known(to: .robust))))
        }
    }
}

@Suite struct UtteranceTextTests {
    private func text(_ query: String, exact: [String] = [], listed: [String] = [], others: Set<String> = []) -> UtteranceText {
        let properties: [String: JSON] = [
            "listed": ["type": "string", "enum": .array((listed + others.sorted()).map(JSON.string))],
            "exact": ["type": "string"],
        ]
        let function = FunctionDefinition(name: "f", summary: "", parameters: ["properties": .object(properties)])
        let calls =
            listed.map { FunctionCall(name: "f", arguments: ["listed": .string($0)]) }
            + exact.map { FunctionCall(name: "f", arguments: ["exact": .string($0)]) }
        let row = Row(id: "r", query: query, answers: calls)
        return UtteranceText(query, protecting: ProtectedWords(of: row, functions: ["f": function]))
    }

    @Test func namesKeepTheirCapitals() {
        var text = text("call john McAdam in the kitchen", exact: ["McAdam"], listed: ["kitchen"])
        text.changeCase(.capitals)
        #expect(text.text == "CALL JOHN McAdam IN THE KITCHEN")
        text.changeCase(.small)
        #expect(text.text == "call john McAdam in the kitchen")
        text.changeCase(.title)
        #expect(text.text == "Call John McAdam In The Kitchen")
    }

    @Test func aSentenceBeginsWithACapitalAndSaysIAsIt() {
        var text = text("can i have what i'm asking for in wifi")
        text.changeCase(.sentence)
        #expect(text.text == "Can I have what I'm asking for in wifi")
    }

    /// Their other form depends on the language, or does not lead back.
    @Test(arguments: ["straße", "ı", "İ", "ﬁ", "123", "日本"]) func lettersOfOtherRulesStay(word: String) {
        var text = text(word)
        text.changeCase(.capitals)
        let unchanged = word == "straße" ? "STRAßE" : word
        #expect(text.text == unchanged)
    }

    @Test func nothingIsMistypedInWordsThatAnAnswerTakes() {
        for seed in 0..<300 {
            var random = RowRandom(seed: seed, stream: "typos")
            var text = text("remind anna-lena about 12345 bananas", exact: ["anna-lena"])
            text.mistype(&random)
            #expect(text.text.contains("anna-lena") && text.text.contains("12345"))
        }
    }

    /// `bedrom` is still the bedroom; `bathroom` with other rooms near by is left alone.
    @Test func aMistypedValueOfAListStaysTheNearest() {
        var changed = 0
        for seed in 0..<300 {
            var random = RowRandom(seed: seed, stream: "typos")
            var near = text("bedroom", listed: ["bedroom"], others: ["redroom"])
            near.mistype(&random)
            #expect(near.text == "bedroom")
            var far = text("bedroom", listed: ["bedroom"], others: ["kitchen"])
            far.mistype(&random)
            changed += far.text == "bedroom" ? 0 : 1
            #expect(EditDistance.between(far.text, "bedroom") < EditDistance.between(far.text, "kitchen"))
        }
        #expect(changed > 200)
    }

    @Test func phrasesStandBeforeTheMark() {
        var text = text("lights on.")
        text.add(.after("please"))
        text.add(.before("could you"))
        #expect(text.text == "could you lights on please.")
    }

    @Test func marksAtTheEndChange() {
        for seed in 0..<50 {
            var random = RowRandom(seed: seed, stream: "marks")
            var text = text("what is on the list?")
            text.changeEnd(&random)
            #expect(text.text.hasPrefix("what is on the list") && text.text != "what is on the list?")
        }
    }

    @Test func contractionsAreWholeWords() {
        var random = RowRandom(seed: 1, stream: "short")
        var text = text("somewhat is odd")
        text.changeContraction(&random)
        #expect(text.text == "somewhat is odd")
        var seen: Set<String> = []
        for seed in 0..<40 {
            var random = RowRandom(seed: seed, stream: "short")
            var text = self.text("what is on, and i'm out")
            text.changeContraction(&random)
            seen.insert(text.text)
        }
        #expect(seen == ["what's on, and i'm out", "what is on, and i am out"])
    }

    @Test func anyTextSurvives() {
        var random = TestRandom(seed: 5)
        let parts = ["a", "é", "👩‍👩‍👧", "{", " ", "\n", "İ", "ß", "kitchen", "…", "\u{0301}", "?!", "מ"]
        for round in 0..<2000 {
            let query = (0..<Int(random.next() % 12)).map { _ in parts[Int(random.next() % UInt64(parts.count))] }.joined()
            let variation = UtteranceVariation(
                variations: Set(QueryVariation.allCases), language: .english, audience: .robust, seed: round)
            let row = Row(id: "r", query: query, answers: [FunctionCall(name: "f", arguments: ["a": "kitchen"])])
            let varied = variation.varied(query, protecting: ProtectedWords(of: row, functions: [:]), stream: "\(round)")
            if query.firstWholeRange(of: "kitchen") != nil { #expect(varied.text.lowercased().contains("kitchen")) }
        }
    }
}
