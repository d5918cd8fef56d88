import CanonicalJSON
import Foundation
import TestSupport
import Testing
import Words

@testable import Kinds
@testable import Stages

@Suite struct TaskIngestTests {
    static func labelled(_ rows: [(String, String)], named prefix: String = "r") -> String {
        rows.enumerated().map { index, row in
            JSON.object(["id": .string("\(prefix)\(index + 1)"), "query": .string(row.0), "label": .string(row.1)])
                .canonicalText
        }.joined(separator: "\n")
    }

    static func ingest(_ task: TaskKind, _ change: (inout DataIngest) -> Void = { _ in }) -> DataIngest {
        var kind = DataIngest()
        kind.task = task
        change(&kind)
        return kind
    }

    // MARK: Labels

    @Test func labelsAreThoseOfTheTrainingRows() throws {
        let run = try StageRun(
            Self.ingest(.classify) { $0.instructions = "Which topic?" },
            texts: [
                "train.0/a.jsonl": Self.labelled([("gone", "lost"), ("pay in", " top_up ")]),
                "test.0/b.jsonl": Self.labelled([("where is it", "lost")], named: "t"),
            ])
        #expect(
            try run.json("task.json") == ["kind": "classify", "labels": ["lost", "top_up"], "instructions": "Which topic?"])
        #expect(try run.lines("rows.jsonl").map { $0["reply"] } == ["lost", "top_up", "lost"])
        #expect(try run.json("functions.json") == [])
    }

    @Test(arguments: [
        (#"{"id":"a","query":"x","reply":""}"#, "a.jsonl, line 1: the row 'a' has no 'reply', which the task 'classify' wants"),
        (
            #"{"id":"a","query":"x","answers":[{"name":"f","arguments":{}}],"tools":[{"name":"f","parameters":{}}]}"#,
            "a.jsonl, line 1: the row 'a' calls 'f', and the task 'classify' wants a reply in words"
        ),
    ])
    func aRowWithoutALabelIsRefused(row: String, message: String) {
        let failure = StageRun.failure(Self.ingest(.classify), texts: ["train.0/a.jsonl": row])
        #expect(failure.contains(message), "\(failure)")
    }

    @Test func aLabelThatIsNotTheRecipesIsRefusedWithItsPlace() {
        let failure = StageRun.failure(
            Self.ingest(.classify) { $0.labels = ["lost", "found"] },
            texts: ["train.0/a.jsonl": Self.labelled([("gone", "lost"), ("x", "fund")])])
        #expect(failure.contains("a.jsonl, line 2: the label 'fund' of the row 'r2' is none of the recipe's 2"), "\(failure)")
    }

    @Test func aLabelWithoutTrainingRowsIsRefusedWithItsPlace() {
        let failure = StageRun.failure(
            Self.ingest(.classify),
            texts: [
                "train.0/a.jsonl": Self.labelled([("gone", "lost")]),
                "test.0/b.jsonl": Self.labelled([("x", "lost"), ("y", "found")], named: "t"),
            ])
        #expect(failure.contains("b.jsonl, line 2: the label 'found' has no training row"), "\(failure)")
    }

    // MARK: Objects

    static let objects = """
        {"id":"a","query":"7 for two","reply":"{\\"time\\":\\"7\\",\\"people\\":2}"}
        {"id":"b","query":"hello","reply":{}}
        """

    @Test func theSchemaIsThatOfTheRows() throws {
        let run = try StageRun(Self.ingest(.extract), texts: ["train.0/a.jsonl": Self.objects])
        let properties: JSON = ["time": ["type": "string"], "people": ["type": "integer"]]
        #expect(try run.json("task.json")["schema"] == ["type": "object", "properties": properties])
        #expect(try run.lines("rows.jsonl").map { $0["reply"] } == [#"{"people":2,"time":"7"}"#, "{}"])
    }

    /// A schema's order is the order of what is taught: that of a mapping in a recipe, and that of a file, YAML or JSON.
    @Test(arguments: [
        nil, #"{"type": "object", "properties": {"time": {"type": "string"}, "people": {"type": "integer"}}}"#,
        "properties:\n  time: {type: string}\n  people: {type: integer}\n",
    ])
    func theOrderIsTheSchemas(file: String?) throws {
        var texts = ["train.0/a.jsonl": Self.objects]
        texts["schema/s.json"] = file
        let text =
            #"{"properties":{"time":{"type":"string"},"people":{"type":"integer"}},"x-property-order":["time","people"]}"#
        let run = try StageRun(Self.ingest(.extract) { $0.schema = file == nil ? text : nil }, texts: texts)
        #expect(try run.lines("rows.jsonl").first?["reply"] == #"{"time":"7","people":2}"#)
    }

    @Test(arguments: [
        (#""7 pm""#, "the reply of the row 'a' is no JSON: "),
        (#""[1]""#, "the reply of the row 'a' is no JSON object but [1]"),
        (#"{"time":7}"#, "the reply of the row 'a': 'time' is 7, which is no string"),
        (#"{"when":"7"}"#, "the reply of the row 'a': 'when' is no field of the schema"),
    ])
    func anObjectThatDoesNotFitIsRefused(reply: String, message: String) {
        let failure = StageRun.failure(
            Self.ingest(.extract) { $0.schema = #"{"properties":{"time":{"type":"string"}}}"# },
            texts: ["train.0/a.jsonl": #"{"id":"a","query":"x","reply":\#(reply)}"#])
        #expect(failure.contains("a.jsonl, line 1: " + message), "\(failure)")
    }

    // MARK: Texts

    @Test func textsAndNumbersAreRead() throws {
        let row = #"{"id":"a","query":"1 + 1?","reply":"It is 2.\n#### 2"}"#
        let run = try StageRun(Self.ingest(.text) { $0.reading = .number }, texts: ["train.0/a.jsonl": row])
        #expect(try run.json("task.json") == ["kind": "text", "answer": "number"])
        let failure = StageRun.failure(
            Self.ingest(.text) { $0.reading = .number }, texts: ["train.0/a.jsonl": #"{"id":"a","query":"x","reply":"two"}"#])
        #expect(failure.contains("the reply of the row 'a' has no number"), "\(failure)")
    }

    /// Words without any function are nothing that a model would learn to call: they are never taught as refusals.
    @Test func wordsAreNoCalls() {
        let failure = StageRun.failure(DataIngest(), texts: ["train.0/a.jsonl": #"{"id":"a","query":"x","reply":"yes"}"#])
        #expect(failure.contains("a.jsonl, line 1: the row 'a' replies in words and has no functions; write 'task: text'"))
        #expect(failure.contains("'task: classify'"), "\(failure)")
    }

    // MARK: Spans

    @Test func spansBecomeObjects() throws {
        let rows = """
            [{"userInput": {"text": "6 p.m. for “two” "}, "context": {"requestedSlots": ["time"]}, "labels": [
              {"slot": "time", "valueSpan": {"endIndex": 6}}, {"slot": "people", "valueSpan": {"startIndex": 11, "endIndex": 16}}]},
             {"userInput": {"text": "thanks"}, "context": {}},
             {"userInput": {"text": "a or b"}, "labels": [{"slot": "name", "valueSpan": {"startIndex": 0, "endIndex": 1}},
              {"slot": "name", "valueSpan": {"startIndex": 5, "endIndex": 6}}]}]
            """
        let run = try StageRun(
            Self.ingest(.extract) { $0.format = .spans }, texts: ["train.0/a.json": rows, "train.1/a.json": rows])
        let lines = try run.lines("rows.jsonl")
        #expect(
            lines.prefix(3).map { $0["reply"]?.string } == [
                #"{"people":"“two”","time":"6 p.m."}"#, "{}", #"{"name":["a","b"]}"#,
            ])
        #expect(lines[0]["context"] == [["role": "assistant", "content": "time?"]])
        #expect(lines.map { $0["id"]?.string }.last == "train/a.json#6")
    }

    @Test(arguments: [
        (#"[{"text": "x"}]"#, "row 1: the row has no 'userInput' with 'text'"),
        (#"[{"userInput": {"text": "x"}, "labels": [{"valueSpan": {"endIndex": 1}}]}]"#, "a label has no 'slot'"),
        (
            #"[{"userInput": {"text": "x"}, "labels": [{"slot": "a", "valueSpan": {"startIndex": 0, "endIndex": 2}}]}]"#,
            "the label 'a' has no 'valueSpan' within the text"
        ),
    ])
    func damagedSpansAreNamed(rows: String, message: String) {
        let failure = StageRun.failure(Self.ingest(.extract) { $0.format = .spans }, texts: ["train.0/a.json": rows])
        #expect(failure.contains(message), "\(failure)")
    }

    @Test(
        .enabled(if: SharedData.folder != nil),
        arguments: [
            ("restaurant8k/train_0.json", 8198), ("restaurant8k/test.json", 3731), ("dstc8_slots/Buses_1/train_0.json", 1133),
            ("dstc8_slots/Events_1/train_0.json", 1498), ("dstc8_slots/Homes_1/train_0.json", 2064),
            ("dstc8_slots/RentalCars_1/train_0.json", 874),
        ])
    func readsThePublishedSpans(path: String, count: Int) throws {
        let run = try StageRun(
            Self.ingest(.extract) { $0.format = .spans }, inputs: ["train.0/rows.json": SharedData.read(path)])
        let rows = try run.lines("rows.jsonl")
        #expect(rows.count == count)
        let values = try rows.flatMap { row in
            try JSON(parsing: row["reply"]?.string ?? "").sortedMembers.map {
                (row["query"]?.string ?? "", $0.value.string ?? "")
            }
        }
        #expect(values.allSatisfy { $0.0.contains($0.1) && !$0.1.isEmpty })
    }
}
