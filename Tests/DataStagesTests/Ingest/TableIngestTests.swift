import CanonicalJSON
import Foundation
import TestSupport
import Testing

@testable import Kinds
@testable import Stages

/// Flat rows: columns by name, values that are missing, rows that are equal or bad.
@Suite struct TableIngestTests {
    private func stage(_ columns: [String: String]? = nil, badRows: Double = 0) -> DataIngest {
        var stage = DataIngest(format: .table, task: .text)
        stage.columns = columns
        stage.badRows = badRows
        return stage
    }

    private static let tickets = "ticket,text,intent\n7,the app crashes,bug\n8,\"change, please\",account\n"

    @Test func columnsGoByName() throws {
        let run = try StageRun(
            stage(["query": "text", "label": "intent", "id": "ticket"]), texts: ["train.0/tickets.csv": Self.tickets])
        let rows = try run.lines("rows.jsonl")
        #expect(rows.map { $0["query"] } == ["the app crashes", "change, please"])
        #expect(rows.map { $0["reply"] } == ["bug", "account"])
        #expect(rows.map { $0["id"] } == ["7", "8"])
        #expect(rows.allSatisfy { $0["answers"] == [] && $0["set"] == "train" })
    }

    @Test func rowsWithoutAnIdAreNamedByFileAndNumber() throws {
        let table = "query,reply\na,1\n\nb,2\n"
        let run = try StageRun(stage(), texts: ["train.0/t.csv": table, "test.0/t.csv": "query,reply\nc,3\n"])
        #expect(try run.lines("rows.jsonl").map { $0["id"] } == ["t.csv-1", "t.csv-2", "t.csv-3"])
    }

    @Test func everyPartOfAPromptMayBeAColumn() throws {
        let table = "query,reply,instructions,context\nq,r,be brief,before\n"
        let row = try #require(try StageRun(stage(), texts: ["train.0/t.csv": table]).lines("rows.jsonl").first)
        #expect(row["instructions"] == "be brief")
        #expect(row["context"] == [["role": "user", "content": "before"]])
    }

    @Test func numbersAndTruthValuesAreTexts() throws {
        let lines = #"{"query":"q","reply":5}"# + "\n" + #"{"query":"p","label":true}"#
        let rows = try StageRun(stage(), texts: ["train.0/t.jsonl": lines]).lines("rows.jsonl")
        #expect(rows.map { $0["reply"] } == ["5", "true"])
    }

    @Test func aRowWithoutAReplyIsRefusedWithItsPlace() {
        let lines = #"{"query":"q","reply":5}"# + "\n" + #"{"query":"o"}"#
        let failure = StageRun.failure(stage(), texts: ["train.0/t.jsonl": lines])
        #expect(failure.hasPrefix("t.jsonl, line 2: the row has no 'reply', which the task 'text' wants; name its column"))
    }

    @Test func aColumnThatIsNotThereIsNamedWithThoseThatAre() {
        let columns = ["query": "text", "label": "label"]
        let csv = StageRun.failure(stage(columns), texts: ["train.0/tickets.csv": Self.tickets])
        let message = "has no column 'label', which data.ingest.columns names for 'label'; it has 'ticket', 'text', 'intent'"
        #expect(csv == "tickets.csv " + message)
        let lines = StageRun.failure(stage(columns), texts: ["train.0/t.jsonl": #"{"ticket":7,"text":"a","intent":"b"}"#])
        #expect(lines.contains("has no column 'label'") && lines.contains("it has 'intent', 'text', 'ticket'"), "\(lines)")
    }

    @Test func aFileOfAnotherFormatNamesItsColumnsAndTheFix() {
        let failure = StageRun.failure(DataIngest(format: .decant), texts: ["train.0/tickets.csv": Self.tickets])
        #expect(failure.hasPrefix("tickets.csv has the columns 'ticket', 'text', 'intent', and no 'query'"), "\(failure)")
        #expect(failure.contains("write `format: table` with `columns: {query: NAME, label: NAME}`"))
    }

    @Test func missingValuesAreCounted() throws {
        let table = "text,intent\na,x\n,y\nb,\n  ,z\nc,w\n"
        let run = try StageRun(stage(["query": "text", "label": "intent"]), texts: ["train.0/t.csv": table])
        #expect(try run.lines("rows.jsonl").map { $0["query"] } == ["a", "c"])
        #expect(
            try run.json("reading.json")["skipped"] == [
                "a column without a value": ["count": 3, "places": ["t.csv, line 3", "t.csv, line 4", "t.csv, line 5"]]
            ])
    }

    @Test func equalRowsAreCountedOnce() throws {
        let table = "query,reply\na,x\nb,y\na,x\na,y\n"
        let run = try StageRun(stage(), texts: ["train.0/t.csv": table, "test.0/u.csv": "query,reply\nb,y\n"])
        #expect(try run.lines("rows.jsonl").map { $0["id"] } == ["t.csv-1", "t.csv-2", "t.csv-4"])
        #expect(
            try run.json("reading.json")["skipped"]?["equal to an earlier row"]
                == ["count": 2, "places": ["t.csv, line 4", "u.csv, line 2"]])
        let same = "id,query,reply\n1,a,x\n2,a,x\n1,a,x\n"
        #expect(try StageRun(stage(), texts: ["train.0/t.csv": same]).lines("rows.jsonl").map { $0["id"] } == ["1", "2"])
        let other = StageRun.failure(stage(), texts: ["train.0/t.csv": "id,query,reply\n1,a,x\n1,b,x\n"])
        #expect(other.hasPrefix("t.csv, line 3: the id '1' was used before, in t.csv, line 2"), "\(other)")
    }

    @Test func aBadRowRefusesTheFile() {
        let table = "query,reply\na,x\nb\nc,y\n"
        let failure = StageRun.failure(stage(), texts: ["train.0/t.csv": table])
        #expect(failure.hasPrefix("t.csv, line 3: 1 values for 2 columns"), "\(failure)")
    }

    @Test func someBadRowsMayBeAllowed() throws {
        let table = "id,query,reply\n1,a,x\n2,b\n1,c,y\n4,d,z\n"
        let run = try StageRun(stage(badRows: 0.5), texts: ["train.0/t.csv": table])
        #expect(try run.lines("rows.jsonl").map { $0["id"] } == ["1", "4"])
        let bad = try #require(try run.json("reading.json")["skipped"]?["bad rows"])
        #expect(bad["count"] == 2)
        #expect(bad["places"]?[0]?.string?.hasPrefix("t.csv, line 3: 2 values for 3 columns") == true)
        #expect(bad["places"]?[1]?.string?.hasPrefix("t.csv, line 4: the id '1' was used before") == true)
        let failure = StageRun.failure(stage(badRows: 0.25), texts: ["train.0/t.csv": table])
        #expect(failure.hasPrefix("2 of 4 records are bad, more than `bad_rows: 25%` allows; the first is t.csv, line 3"))
    }

    /// What a bad row defines is not taken in.
    @Test func aBadRowLeavesNothingBehind() throws {
        let good = DataIngestTests.row
        let bad = good.replacing("\"id\":\"a\"", with: "\"id\":\"b\"").replacing("play", with: "sing")
            .replacing(#"[{"name":"sing","arguments"#, with: #"[{"name":"hum","arguments"#)
        var stage = DataIngest(format: .decant)
        stage.badRows = 0.5
        let run = try StageRun(stage, texts: ["train.0/a": good + "\n" + bad + "\n"])
        #expect(try run.json("functions.json").array?.compactMap { $0["name"]?.string } == ["play"])
    }
}
