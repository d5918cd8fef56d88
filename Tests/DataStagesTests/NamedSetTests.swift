import CanonicalJSON
import Engine
import Foundation
import Testing

@testable import Kinds
@testable import Stages

/// Rows of several formats, and test rows that are sets of their own.
@Suite struct NamedSetTests {
    static func decant(_ id: String, _ query: String, _ name: String = "play", tool: String = "Play.") -> String {
        #"{"id":"\#(id)","query":"\#(query)","tools":[{"name":"\#(name)","description":"\#(tool)","parameters":{"type":"object","#
            + #""properties":{}}}],"answers":[{"name":"\#(name)","arguments":{}}],"expect":"calls"}"#
    }

    static let xlam =
        #"[{"id":7,"query":"roll","tools":"[{\"name\":\"play\",\"description\":\"Gamble.\",\"parameters\":{}}]","#
        + #""answers":"[{\"name\":\"play\",\"arguments\":{}}]"}]"#

    static let kind = DataIngest(
        format: .decant, formats: ["train.1": .xlam, "set.0": .bfcl, "set.1": .bfcl], sets: ["simple", "simple", "apart"])

    static let texts = [
        "train.0/rows.jsonl": [decant("a", "play x"), decant("b", "stop", "halt")].joined(separator: "\n"),
        "train.1/rows.json": xlam,
        "set.0/questions.json": [
            BFCLIngestTests.question("simple_0"),
            BFCLIngestTests.question("simple_1", #"[{"role":"user","content":"play x"}]"#),
        ].joined(separator: "\n"),
        "set.1/answers.json": (0..<2).map { BFCLIngestTests.answer("simple_\($0)") }.joined(separator: "\n"),
        "set.2/rows.jsonl": decant("c", "sing", tool: "Another."),
    ]

    static func split(candidates: Int = 0, limit: [String: Int] = [:]) throws -> StageRun {
        let run = try StageRun(kind, texts: texts)
        return try StageRun(
            DataSplit(test: 0, valid: 0, outOfDomain: [], candidates: candidates, limit: limit, seed: 1),
            inputs: run.folder(as: "data"))
    }

    @Test func everySourceIsReadInItsFormat() throws {
        let run = try StageRun(Self.kind, texts: Self.texts)
        let rows = try run.lines("rows.jsonl").map { try Row(json: $0) }
        #expect(rows.map(\.id) == ["a", "b", "c", "xlam-7", "simple_0", "simple_1"])
        #expect(rows.map(\.set) == ["train", "train", "apart", "train", "simple", "simple"])
        #expect(rows[4].possible?.count == 1)
        #expect(try run.json("functions.json").array?.compactMap { $0["name"]?.string } == ["area", "halt", "play"])
    }

    /// A row that is no training row may define a function in words of its own, whatever the format.
    @Test func rowsOfNamedSetsHaveTheirOwnDefinitions() throws {
        let rows = try StageRun(Self.kind, texts: Self.texts).lines("rows.jsonl").map { try Row(json: $0) }
        #expect(rows[2].definitions?.map(\.summary) == ["Another."])
        #expect(rows[3].definitions?.map(\.summary) == ["Gamble."])
    }

    @Test func namedSetsAreFilesOfTheirOwn() throws {
        let run = try Self.split()
        #expect(run.files == ["apart.jsonl", "functions.json", "simple.jsonl", "train.jsonl"])
        // A query that training shows is no test.
        #expect(try run.lines("simple.jsonl").map { $0["id"] } == ["simple_0"])
        #expect(try run.lines("train.jsonl").map { $0["id"] } == ["a", "b", "xlam-7"])
    }

    @Test func limitsHoldForThem() throws {
        var texts = Self.texts
        texts["set.2/rows.jsonl"] = (0..<6).map { Self.decant("c\($0)", "sing \($0)") }.joined(separator: "\n")
        let run = try StageRun(Self.kind, texts: texts)
        let split = try StageRun(
            DataSplit(test: 0, valid: 0, outOfDomain: [], candidates: 0, limit: ["apart": 4], seed: 1),
            inputs: run.folder(as: "data"))
        #expect(try split.lines("apart.jsonl").count == 4)
    }

    /// However many candidates rows get, no training row shows a benchmark's function, and a benchmark's row keeps its own.
    @Test func functionsDoNotMixWithCandidates() throws {
        let run = try Self.split(candidates: 3)
        for row in try run.lines("train.jsonl") {
            #expect(try Set(Row(json: row).functions) == ["play", "halt"])
        }
        #expect(try run.lines("simple.jsonl").map { try Row(json: $0).functions } == [["area"]])
        #expect(try run.lines("apart.jsonl").map { try Row(json: $0).functions } == [["play"]])
    }

    @Test func functionsDoNotMixInRetrieval() throws {
        let split = try Self.split()
        let run = try StageRun(DataRetrieve(method: .bm25, topK: 3, addMissed: false), inputs: split.folder(as: "data"))
        for row in try run.lines("train.jsonl") {
            #expect(try Set(Row(json: row).functions) == ["play", "halt"])
        }
        #expect(try run.text("simple.jsonl") == split.text("simple.jsonl"))
        let recall = try run.json("recall.json")
        #expect(recall["functions"] == 2)
        #expect(recall["sets"]?.object?.keys.sorted() == ["train"])
    }

    @Test func aSetWithoutANameIsRefused() {
        let failure = StageRun.failure(DataIngest(format: .decant), texts: ["set.0/rows.jsonl": Self.decant("a", "q")])
        #expect(failure.contains("'sets' names no set for the input set.0"))
    }
}
