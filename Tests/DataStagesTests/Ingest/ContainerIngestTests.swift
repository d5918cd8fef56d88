import CanonicalJSON
import Foundation
import Records
import TestSupport
import Testing

@testable import Kinds
@testable import Stages

/// Every format of rows comes in every container.
@Suite struct ContainerIngestTests {
    static let containers = ["list", "pretty", "csv", "tsv", "gzip", "zstd", "csv.gzip", "parquet", "arrow", "arrows"]

    @Test(arguments: ["decant", "openai", "xlam", "table"], containers)
    func rowsAreThoseOfJSONLines(format: String, container: String) throws {
        let records = RowsFixture.records(format)
        let stage = try DataIngest(format: #require(.init(rawValue: format)), task: format == "table" ? .text : .calls)
        let lines = try StageRun(stage, inputs: ["train.0/rows": RowsFixture.content(records, in: "lines")])
        let run = try StageRun(stage, inputs: ["train.0/rows": RowsFixture.content(records, in: container)])
        #expect(try run.text("rows.jsonl") == lines.text("rows.jsonl"))
        #expect(try run.text("functions.json") == lines.text("functions.json"))
        #expect(try run.lines("rows.jsonl").map { $0["query"] } == ["play a", "play \"b\", now"])
    }

    @Test(arguments: [
        ("csv", "CSV"), ("pretty", "a JSON list"), ("zstd", "JSON lines in zstd"), ("parquet", "Parquet"),
        ("csv.gzip", "CSV in gzip"),
    ])
    func theReportTellsTheContainer(container: String, form: String) throws {
        let content = try RowsFixture.content(RowsFixture.records("table"), in: container)
        let report = try StageRun(DataIngest(format: .table, task: .text), inputs: ["train.0/rows": content]).json(
            "reading.json")
        #expect(
            report["files"] == [["file": "rows", "form": .string(form), "set": "train", "records": 2, "rows": 2]])
        #expect(report["rows"] == 2 && report["skipped"] == [:])
    }

    /// BFCL's questions and answers, each in a container of its own.
    @Test func filesOfOneInputMayDiffer() throws {
        let question: JSON = [
            "id": "simple_0", "question": [[["role": "user", "content": "area of 5"]]],
            "function": [
                [
                    "name": "area", "description": "A.",
                    "parameters": ["type": "dict", "properties": ["base": ["type": "integer"]]],
                ]
            ],
        ]
        let answer: JSON = ["id": "simple_0", "ground_truth": [["area": ["base": [5]]]]]
        let run = try StageRun(
            DataIngest(format: .bfcl),
            inputs: [
                "train.0/a.json": RowsFixture.content([question], in: "pretty"),
                "train.0/b.csv": RowsFixture.content([answer], in: "csv.gzip"),
            ])
        #expect(try run.lines("rows.jsonl").first?["answers"] == [["name": "area", "arguments": ["base": 5]]])
    }

    @Test func lineBreaksOfOtherSystemsAreNoRows() throws {
        let text = "\u{FEFF}" + RowsFixture.records("decant").map { $0.canonicalText + "\r\n\r\n" }.joined()
        #expect(try StageRun(DataIngest(format: .decant), texts: ["train.0/a": text]).lines("rows.jsonl").count == 2)
    }

    @Test func textsOfRecordsAreCutIntoPassages() throws {
        let records: [JSON] = [["text": "The first text, long enough."], ["text": "The second text, long enough."]]
        for container in ["lines", "list", "parquet", "gzip"] {
            let content = try RowsFixture.content(records, in: container)
            let rows = try StageRun(DataIngest(format: .text), inputs: ["train.0/a": content]).lines("rows.jsonl")
            #expect(
                rows.map { $0["query"] } == ["The first text, long enough.", "The second text, long enough."], "\(container)")
            #expect(rows.map { $0["id"] } == ["a-1", "a-2"])
        }
    }

    /// A table as plain text would teach its commas.
    @Test func aTableIsNoPlainText() throws {
        let table = "text,label\nthe app crashes again,bug\nchange my email address,account\n"
        let failure = StageRun.failure(DataIngest(format: .text), texts: ["train.0/tickets.csv": table])
        #expect(failure.contains("tickets.csv is a table with the columns text, label, and no plain text"), "\(failure)")
        #expect(failure.contains("`format: table`"))
        var stage = DataIngest(format: .text)
        stage.columns = ["text": "text"]
        #expect(try StageRun(stage, texts: ["train.0/tickets.csv": table]).lines("rows.jsonl").count == 2)
        let prose = "Yes, he said.\nNo, she said.\nWell, they said, and went home together.\n"
        #expect(try StageRun(DataIngest(format: .text), texts: ["train.0/a": prose]).lines("rows.jsonl").count == 1)
    }
}
