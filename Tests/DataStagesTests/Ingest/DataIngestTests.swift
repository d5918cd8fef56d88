import CanonicalJSON
import Engine
import Foundation
import Records
import TestSupport
import Testing

@testable import Kinds
@testable import Stages

/// A format that only this test target knows: `query<TAB>function` on each line.
private enum TabbedReader: RowReader {
    static func read(_ files: [IngestedFile], into rows: inout IngestedRows) throws {
        for file in files {
            let lines = String(decoding: try file.content(), as: UTF8.self).split(separator: "\n")
            for (number, line) in lines.enumerated() {
                let words = line.split(separator: "\t").map(String.init)
                let function = FunctionDefinition(
                    name: words[1], summary: "", parameters: ["type": "object", "properties": [:]])
                let row = Row(
                    id: "\(file.name)-\(number + 1)", query: words[0],
                    answers: [FunctionCall(name: words[1], arguments: [:])])
                try rows.add(row, [function], set: file.set, place: RecordPlace(file: file.name))
            }
        }
    }
}

@Suite struct DataIngestTests {
    @Test func aFormatOfATestTargetIsRead() throws {
        let folder = TemporaryFolder()
        try folder.write("play a song\tplay\nstop it\tstop\n", to: "rows.tsv")
        let file = IngestedFile(url: folder.url.appending(path: "rows.tsv"), name: "rows.tsv", set: "test", format: .text)
        var written: [Row] = []
        var rows = IngestedRows { written.append($0) }
        try TabbedReader.read([file], into: &rows)
        #expect(written.map(\.id) == ["rows.tsv-1", "rows.tsv-2"])
        #expect(written.allSatisfy { $0.set == "test" } && rows.functions.keys.sorted() == ["play", "stop"])
    }

    static let row =
        #"{"id":"a","query":"play x","tools":[{"name":"play","parameters":{"type":"object","properties":{}}}],"#
        + #""answers":[{"name":"play","arguments":{}}],"expect":"calls"}"#

    @Test(.enabled(if: SharedData.folder != nil))
    func readsThePublishedSNIPSFiles() throws {
        let intents = [
            "AddToPlaylist", "BookRestaurant", "GetWeather", "PlayMusic", "RateBook", "SearchCreativeWork",
            "SearchScreeningEvent",
        ]
        var inputs: [String: Data] = [:]
        var expected = 0
        for (index, intent) in intents.enumerated() {
            inputs["train.\(index)/train_\(intent)_full.json"] = try SharedData.read("snips_raw/train_\(intent)_full.json")
            inputs["test.\(index)/validate_\(intent).json"] = try SharedData.read("snips_raw/validate_\(intent).json")
        }
        for content in inputs.values {
            expected += String(decoding: content, as: UTF8.self).components(separatedBy: "\"data\"").count - 1
        }
        let run = try StageRun(DataIngest(format: .snips), inputs: inputs)
        let rows = try run.lines("rows.jsonl")
        #expect(rows.count == expected)
        #expect(rows.count { $0["set"] == "test" } == 700)
        #expect(try run.json("functions.json").array?.compactMap { $0["name"]?.string } == intents)
        // PlayMusic's training file is UTF-8 with a line of Latin-1.
        #expect(rows.contains { $0["query"]?.string?.contains("Música Da Série") == true })
        #expect(rows.allSatisfy { $0["query"]?.string?.contains("Ã") == false })
        #expect(rows.allSatisfy { $0["query"]?.string?.contains("\u{FFFD}") == false })
        let first = try #require(rows.first { $0["id"] == "validate_PlayMusic.json#1" })
        #expect(first["query"] == "can you put on Like A Hurricane by Paul Landers")
        #expect(
            first["answers"] == [["name": "PlayMusic", "arguments": ["album": "Like A Hurricane", "artist": "Paul Landers"]]])
    }

    @Test(
        .enabled(if: SharedData.folder != nil),
        arguments: [
            ("quickstart_snips/train.jsonl", 750), ("hwu64/train.jsonl", 3919), ("snips_id_ood/test_no_call.jsonl", 150),
        ])
    func readsRowsWithTheirTools(path: String, count: Int) throws {
        let run = try StageRun(DataIngest(format: .decant), inputs: ["train.0/rows.jsonl": SharedData.read(path)])
        let rows = try run.lines("rows.jsonl")
        #expect(rows.count == count)
        #expect(rows.allSatisfy { ($0["functions"]?.array?.count ?? 0) > 0 && $0["set"] == "train" })
    }

    @Test func rowsWhoseOwnAnswersDoNotFitAreCounted() throws {
        let function = FunctionDefinition(name: "f", summary: "", parameters: ["properties": ["a": ["type": "integer"]]])
        var collected = IngestedRows { _ in }
        for (index, value) in (["1", 1, 2, true] as [JSON]).enumerated() {
            let row = Row(id: "\(index)", query: "q", answers: [FunctionCall(name: "f", arguments: ["a": value])])
            try collected.add(row, [function], set: "train", place: RecordPlace(file: "rows", .line, index))
        }
        // A value of another type than the schema's is right where the answer has it, as a variable's name is.
        #expect(collected.warning == nil)
        let row = Row(id: "b", query: "q", answers: [FunctionCall(name: "f", arguments: ["b": 1])])
        try collected.add(row, [function], set: "train", place: RecordPlace(file: "rows", .line, 5))
        #expect(collected.warning == "1 of 5 rows have answers that do not fit their functions: b")
    }

    /// Ids may be numbers, tools the chat completions interface's objects, and a row's functions its own.
    @Test func aRowKeepsItsOwnFunctions() throws {
        let wrapped =
            #"{"id":7,"query":"play y","tools":[{"type":"function","function":{"name":"play","parameters":{"type":"object","#
            + #""properties":{"x":{}}}}}],"answers":[{"name":"play","arguments":{"x":1.0}}]}"#
        let run = try StageRun(DataIngest(format: .decant), texts: ["train.0/rows.jsonl": Self.row + "\n" + wrapped])
        let row = try #require(try run.lines("rows.jsonl").last)
        #expect(row["id"] == "7")
        #expect(row["definitions"]?[0]?["parameters"] == ["type": "object", "properties": ["x": [:]]])
        #expect(try run.text("rows.jsonl").contains(#""answers":[{"arguments":{"x":1.0},"name":"play"}]"#))
        #expect(try run.json("functions.json")[0]?["parameters"]?["properties"] == [:])
    }

    @Test(arguments: [
        ("{\"id\": 1,\n", "rows.jsonl, line 2: not JSON"),
        (row.replacing(#""id":"a","#, with: ""), "rows.jsonl, line 2: the row has no 'id'"),
        (row.replacing(#""query":"play x","#, with: ""), "line 2: the row 'a' has no 'query'"),
        (row.replacing("\"tools\"", with: "\"tool\""), "line 2: the row has no 'tools' list"),
        (row.replacing("calls\"}", with: "no_call\"}"), "line 2: the row 'a' expects no call but has 1 answers; take"),
        (
            row.replacing(#"[{"name":"play","arguments":{}}]"#, with: "[]"),
            #"but has 0 answers; where no call is right, say "expect": "no_call""#
        ),
        (row.replacing(#"[{"name":"play","arguments"#, with: #"[{"name":"sing","arguments"#), "the answer calls 'sing'"),
        (
            row + "\n" + row.replacing("play x", with: "play y"),
            "line 3: the id 'a' was used before, in rows.jsonl, line 2"
        ),
        ("", "the files hold no row"),
    ])
    func aDamagedRowIsNamed(rows: String, message: String) {
        let failure = StageRun.failure(DataIngest(format: .decant), texts: ["train.0/rows.jsonl": "\n" + rows])
        #expect(failure.contains(message), "\(failure)")
    }

    @Test(arguments: [
        ("[]", "a SNIPS file is an object with one intent"), (#"{"A":[],"B":[]}"#, "one intent"),
        (#"{"A":[{"data":[{"text":"x"}]},{"dat":[]}]}"#, "row 2 of A has no 'data' list"),
        (#"{"A":[{"data":[{"entity":"x"}]}]}"#, "a span without 'text'"), ("{\"A\":", "a.json, line 1"),
    ])
    func aDamagedSNIPSFileIsNamed(text: String, message: String) {
        let failure = StageRun.failure(DataIngest(format: .snips), texts: ["train.0/a.json": text])
        #expect(failure.contains("a.json"), "\(failure)")
        #expect(failure.contains(message), "\(failure)")
    }
}
