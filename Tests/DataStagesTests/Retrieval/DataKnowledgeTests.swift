import CanonicalJSON
import EncoderFixtures
import Foundation
import Stages
import Testing

@testable import Engine
@testable import Kinds

@Suite struct DataKnowledgeTests {
    static let snippets = [
        "The hall has two lamps.", "Jazz is a kind of music.", "Lamps are lights.", "Music is played in the hall.",
    ]
    static let lines = snippets.map { JSON.object(["text": .string($0), "id": "x"]).canonicalText }.joined(separator: "\n\n")
    static let knowledge = DataKnowledge(method: .bm25, topK: 2)

    static func texts(_ content: String = lines, file: String = "facts.jsonl") -> [String: String] {
        let rows = [
            DataRetrieveTests.row("a", "lamps of the hall", "set_light"), DataRetrieveTests.row("b", "play jazz", "play_music"),
            DataRetrieveTests.row("c", "hm"),
        ]
        return DataRetrieveTests.texts(["train": rows]).merging(["snippets/\(file)": content]) { $1 }
    }

    static func found(_ run: StageRun) throws -> [[String]] {
        try run.lines("train.jsonl").map { try Row(json: $0).background.knowledge }
    }

    @Test func rowsGetTheSnippetsThatShareWordsWithTheirQuery() throws {
        let run = try StageRun(Self.knowledge, texts: Self.texts())
        #expect(run.files == ["functions.json", "train.jsonl"])
        #expect(try Self.found(run) == [[Self.snippets[0], Self.snippets[3]], [Self.snippets[1]], []])
        // A row without snippets keeps its bytes.
        #expect(try run.lines("train.jsonl")[2] == DataRetrieveTests.row("c", "hm").json)
    }

    @Test func aListInYAMLIsTheSame() throws {
        let expected = try Self.found(StageRun(Self.knowledge, texts: Self.texts()))
        let plain = Self.snippets.map { "- \($0)" }.joined(separator: "\n")
        let mappings = Self.snippets.map { "- {text: \"\($0)\"}" }.joined(separator: "\n")
        for content in [plain, mappings] {
            #expect(try Self.found(StageRun(Self.knowledge, texts: Self.texts(content, file: "facts.yaml"))) == expected)
        }
    }

    @Test func anEncoderGivesSoManySnippetsToEveryRow() throws {
        let inputs = Self.texts().mapValues { Data($0.utf8) }.merging(SmallEncoder.files()) { $1 }
        let run = try StageRun(DataKnowledge(method: .embedding, topK: 3), inputs: inputs)
        let found = try Self.found(run)
        #expect(found.allSatisfy { Set($0).count == 3 && Set($0).isSubset(of: Self.snippets) })
    }

    @Test(arguments: [
        ("facts.jsonl", "{\"text\":\"a\"}\n{\"body\":\"b\"}", "facts.jsonl, line 2: the snippet has no 'text'"),
        ("facts.jsonl", "\n{,}", "facts.jsonl, line 2: not JSON"), ("facts.jsonl", "\n \n", "facts.jsonl holds no snippet"),
        ("facts.yaml", "a: b", "the file must be a list of snippets"),
        ("facts.yaml", "- [a]", "a snippet must be a text or {text: …}"),
    ])
    func aFileThatHoldsNoSnippetsIsNamed(file: String, content: String, message: String) {
        let failure = StageRun.failure(Self.knowledge, texts: Self.texts(content, file: file))
        #expect(failure.contains(message), "\(failure)")
    }
}

@Suite struct SearchTests {
    @Test(arguments: [
        ("AddToPlaylist", ["add", "to", "playlist"]), ("add_to-playlist", ["add", "to", "playlist"]),
        ("HTTPServer2", ["http", "server2"]),
        ("Größe über 3°", ["größe", "über", "3"]), ("", []), ("iPhone's", ["i", "phone", "s"]),
    ])
    func namesAndTextsAreCutAlike(text: String, terms: [String]) { #expect(SearchTerms.terms(of: text) == terms) }

    /// Worked out by hand from the formula, k₁ = 1.2 and b = 0.75.
    @Test func scoresFollowTheFormula() {
        let index = BM25(documents: ["red red blue", "red", "green green green green"])
        let mean = 8.0 / 3
        func weight(_ count: Double, _ length: Double, documents: Double) -> Double {
            Foundation.log(1 + (3 - documents + 0.5) / (documents + 0.5)) * count * 2.2
                / (count + 1.2 * (0.25 + 0.75 * length / mean))
        }
        let scores = index.scores(for: "Red, blue and red")
        let expected = [2 * weight(2, 3, documents: 2) + weight(1, 3, documents: 1), 2 * weight(1, 1, documents: 2), 0]
        for (found, wanted) in zip(scores, expected) { #expect(abs(found - wanted) < 1e-12) }
        #expect(index.scores(for: "purple") == [0, 0, 0])
        #expect(BM25(documents: []).scores(for: "red") == [])
    }

    @Test func equalScoresKeepTheirOrder() {
        let scores = [0.5, 1, 0.5, 2, 1, 0.5]
        #expect(scores.nearest(4, among: 0..<6) == [3, 1, 4, 0])
        #expect(scores.nearest(3, among: [5, 2, 4]) == [4, 5, 2])
        #expect(scores.nearest(9, among: 0..<2) == [1, 0])
    }
}
