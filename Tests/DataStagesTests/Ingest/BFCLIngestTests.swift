import CanonicalJSON
import Engine
import Foundation
import Testing

@testable import Kinds
@testable import Stages

@Suite struct BFCLIngestTests {
    static let area =
        #"{"name":"area","description":"Area.","parameters":{"type":"dict","properties":{"base":{"type":"integer"},"#
        + #""unit":{"type":"string","default":1.0}},"required":["base"]}}"#

    static func question(
        _ id: String, _ messages: String = #"[{"role":"user","content":"the area of 5"}]"#, functions: String = area
    ) -> String { #"{"id":"\#(id)","question":[\#(messages)],"function":[\#(functions)]}"# }

    static func answer(_ id: String, _ call: String = #"{"area":{"base":[5,5.0],"unit":["","cm"]}}"#) -> String {
        #"{"id":"\#(id)","ground_truth":[\#(call)]}"#
    }

    static func ingest(_ texts: [String: String]) throws -> StageRun { try StageRun(DataIngest(format: .bfcl), texts: texts) }

    @Test func questionsMeetTheirAnswersWhereverTheyStand() throws {
        let run = try Self.ingest([
            // Answers before questions, in another list and another folder.
            "train.0/data/possible_answer/BFCL_v4_simple_python.json": Self.answer("simple_python_1") + "\n"
                + Self.answer("simple_python_0"),
            "test.0/data/BFCL_v4_simple_python.json": Self.question("simple_python_0") + "\n\n"
                + Self.question("simple_python_1"),
            "test.1/BFCL_v4_live_irrelevance.json": Self.question("live_irrelevance_3-0-0", functions: ""),
        ])
        let rows = try run.lines("rows.jsonl")
        #expect(rows.compactMap { $0["id"]?.string } == ["simple_python_0", "simple_python_1", "live_irrelevance_3-0-0"])
        #expect(rows.allSatisfy { $0["set"] == "test" })
        #expect(
            try run.text("rows.jsonl").split(separator: "\n")[0] == """
                {"answers":[{"arguments":{"base":5},"name":"area"}],"functions":["area"],"id":"simple_python_0",\
                "possible":[{"arguments":{"base":[5,5.0],"unit":["","cm"]},"name":"area"}],"query":"the area of 5","set":"test"}
                """)
        // A row without functions lists none, rather than all.
        #expect(rows[2]["answers"] == [])
        #expect(rows[2]["definitions"] == [])
        #expect(rows[2]["possible"] == nil)
        #expect(try run.text("functions.json").contains(#""default": 1.0"#))
    }

    @Test func whatWasSaidBeforeIsKept() throws {
        let messages =
            #"[{"role":"system","content":"be brief"},{"role":"user","content":"hi"},{"role":"assistant","content":"yes?"},"#
            + #"{"role":"user","content":"the area"}]"#
        let run = try Self.ingest(["train.0/q.json": Self.question("irrelevance_0", messages)])
        let row = try #require(try run.lines("rows.jsonl").first)
        #expect(row["query"] == "the area")
        #expect(row["instructions"] == "be brief")
        #expect(
            row["context"] == [
                ["role": "user", "content": "hi"],
                ["role": "assistant", "content": "yes?"],
            ])
    }

    @Test func functionsOfOneNameStayTheirRows() throws {
        let other = Self.area.replacing("Area.", with: "Another.")
        let run = try Self.ingest([
            "train.0/q.json": [
                Self.question("simple_0"), Self.question("simple_1", functions: other),
                Self.question("simple_2", functions: other + "," + Self.area.replacing("\"area\"", with: "\"zone\"")),
            ].joined(separator: "\n"),
            "train.1/a.json": (0..<3).map { Self.answer("simple_\($0)") }.joined(separator: "\n"),
        ])
        #expect(try run.json("functions.json").array?.compactMap { $0["description"]?.string } == ["Area.", "Area."])
        let rows = try run.lines("rows.jsonl").map { try Row(json: $0) }
        #expect(rows[0].definitions == nil)
        #expect(rows[1].definitions?.map(\.summary) == ["Another."])
        #expect(rows[2].definitions?.map(\.name) == ["area"])
        #expect(rows[2].functions == ["area", "zone"])
    }

    /// Sets are made of ingested rows with all that they carry.
    @Test func splittingKeepsWhatARowCarries() throws {
        let ingested = try Self.ingest([
            "train.0/q.json": (0..<8).map {
                Self.question("simple_\($0)", #"[{"role":"system","content":"s"},{"role":"user","content":"\#($0)"}]"#)
            }.joined(separator: "\n"),
            "train.1/a.json": (0..<8).map { Self.answer("simple_\($0)") }.joined(separator: "\n"),
            "test.0/q.json": Self.question("irrelevance_0", functions: ""),
        ])
        let split = try StageRun(
            DataSplit(test: 0, valid: 0, outOfDomain: [], candidates: 0, limit: [:], seed: 1),
            texts: ["data/functions.json": ingested.text("functions.json"), "data/rows.jsonl": ingested.text("rows.jsonl")])
        let lines = try ingested.text("rows.jsonl").split(separator: "\n")
        #expect(try split.text("train.jsonl").split(separator: "\n") == Array(lines.prefix(8)))
        #expect(try split.text("test.jsonl").split(separator: "\n") == Array(lines.suffix(1)))
    }

    /// What stands in a file, and what the failure says.
    static let damages: [(String, String)] = [
        (question("simple_0"), "q.json, line 2: 'simple_0' has no possible answers; add the file of the same name"),
        (answer("simple_0"), "q.json, line 2: 'simple_0' has possible answers, but no question"),
        (
            question("irrelevance_0") + "\n" + answer("irrelevance_0"),
            "'irrelevance_0' wants no call, but has possible answers in q.json, line 3"
        ),
        (
            answer("simple_0") + "\n" + answer("simple_0"),
            "line 3: the possible answers of 'simple_0' stood before, in q.json, line 2"
        ),
        (
            question("irrelevance_0") + "\n" + question("irrelevance_0").replacing("area of 5", with: "area of 6"),
            "line 3: the id 'irrelevance_0' was used before, in q.json, line 2"
        ),
        (#"{"id":"a"}"#, "line 2: 'a' has neither a 'question' nor a 'ground_truth'; fix the row or remove it"),
        (#"{"question":[]}"#, "line 2: the line has no 'id'"), ("{", "line 2: not JSON"),
        (
            question("multi_turn_base_0"),
            "of the category 'multi_turn_base', which has questions of several turns; leave its files out"
        ),
        (question("simple_java_0"), "of the category 'simple_java', which has arguments in the syntax of another language"),
        (question("live_relevance_0-0-0"), "which has no answers to learn or to compare"),
        (question("simple_0", "[],[]"), "'simple_0' has no 'question' of one turn"),
        (question("simple_0", "[]"), "the last message of 'simple_0' is not the user's"),
        (question("simple_0", #"[{"role":"critic","content":""}]"#), "a message has the role 'critic'"),
        (question("simple_0", #"[{"role":"user"}]"#), "a message has no 'role' and 'content'"),
        (question("simple_0", functions: "{}"), "a function has no 'name'"),
        (question("irrelevance_0", functions: area + "," + area), "'irrelevance_0' defines the function 'area' twice"),
        (
            question("simple_0") + "\n" + answer("simple_0", #"{"f":{}}"#),
            "the answer calls 'f', which the row's tools do not have"
        ),
        (answer("simple_0", "{}"), "is not one function with its arguments"),
        (answer("simple_0", #"{"f":{"a":1}}"#), "the possible call of 'f' has no list of values for 'a'"),
        (#"{"id":"simple_0","ground_truth":[]}"#, "the 'ground_truth' of 'simple_0' is no list of calls"),
    ]

    @Test(arguments: damages)
    func whatCannotBeReadIsNamed(text: String, message: String) {
        let failure = StageRun.failure(DataIngest(format: .bfcl), texts: ["train.0/q.json": "\n" + text])
        #expect(failure.contains(message), "\(failure)")
    }
}
