import CanonicalJSON
import Engine
import Testing
import TestSupport
import Words

@testable import Kinds
@testable import Stages

/// Texts with spans, read as calls of a function.
@Suite struct SpanCallTests {
    static let rows = """
        [{"userInput": {"text": "6 p.m. for two"}, "context": {"requestedSlots": ["time"]}, "labels": [
          {"slot": "time", "valueSpan": {"endIndex": 6}}, {"slot": "people", "valueSpan": {"startIndex": 11, "endIndex": 14}}]},
         {"userInput": {"text": "thanks"}},
         {"userInput": {"text": "Ann or Bob"}, "labels": [{"slot": "name", "valueSpan": {"startIndex": 0, "endIndex": 3}},
          {"slot": "name", "valueSpan": {"startIndex": 7, "endIndex": 10}}]}]
        """

    private static func ingest(_ calls: String) -> DataIngest {
        var kind = DataIngest(format: .spans)
        kind.calls = calls
        return kind
    }

    @Test func spansAreArguments() throws {
        let run = try StageRun(Self.ingest("book_table"), texts: ["train.0/a.json": Self.rows])
        let rows = try run.lines("rows.jsonl")
        #expect(
            rows.compactMap { $0["answers"] } == [
                [["name": "book_table", "arguments": ["people": "two", "time": "6 p.m."]]],
                [["name": "book_table", "arguments": ["name": "Ann"]]],
            ])
        #expect(rows[0]["context"] == [["role": "assistant", "content": "time?"]])
        let text: JSON = ["type": "string", "copy": true]
        #expect(
            try run.json("functions.json") == [
                [
                    "name": "book_table", "description": "Book table.",
                    "parameters": [
                        "type": "object", "properties": ["name": text, "people": text, "time": text], "required": [],
                    ],
                ]
            ])
        #expect(try run.text("reading.json").contains("a text without spans"))
    }

    /// Several sources call functions of their own, beside rows of other formats.
    @Test func eachInputCanCallAnother() throws {
        var kind = Self.ingest("book_table")
        kind.callsOfInputs = ["train.1": "find_bus"]
        let run = try StageRun(kind, texts: ["train.0/a.json": Self.rows, "train.1/b.json": Self.rows])
        let functions = try #require(run.json("functions.json").array)
        #expect(functions.map { $0["name"]?.string } == ["book_table", "find_bus"])
        #expect(try run.lines("rows.jsonl").count == 4)
    }

    @Test func functionsOfTheRecipesOwnStayAsTheyAre() throws {
        let tool = #"[{"name":"book_table","description":"Mine.","parameters":{"type":"object","properties":{"time":{}}}}]"#
        let run = try StageRun(
            Self.ingest("book_table"), texts: ["train.0/a.json": Self.rows, "functions/f.json": tool])
        #expect(try run.json("functions.json")[0]?["description"] == "Mine.")
    }

    @Test(
        .enabled(if: SharedData.folder != nil),
        arguments: [("restaurant8k/train_0.json", 8198), ("dstc8_slots/Buses_1/train_0.json", 1133)])
    func readsThePublishedSpansAsCalls(path: String, count: Int) throws {
        let run = try StageRun(Self.ingest("act"), inputs: ["train.0/rows.json": SharedData.read(path)])
        let rows = try run.lines("rows.jsonl")
        #expect(!rows.isEmpty && rows.count < count)
        for row in rows {
            let arguments = row["answers"]?[0]?["arguments"]?.sortedMembers ?? []
            let query = row["query"]?.string ?? ""
            #expect(!arguments.isEmpty && arguments.allSatisfy { query.contains($0.value.string ?? "\u{0}") })
        }
    }
}
