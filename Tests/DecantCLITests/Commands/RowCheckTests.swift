import CanonicalJSON
import Foundation
import TestSupport
import Testing

/// Mistakes in files of rows: `check` names each before anything runs.
@Suite struct RowCheckTests {
    /// A recipe of one source, checked with what reads Parquet at hand, or without.
    private func check(
        _ content: Data, _ name: String, ingest: String, task: String = "calls", readers: URL? = nil
    ) throws -> DecantProgram.Result {
        let program = try DecantProgram()
        try content.write(to: program.folder.appending(path: name))
        try program.write(
            """
            decant: 1
            sources: {rows: {path: \(name)}}
            task: \(task)
            data: {ingest: {train: rows, \(ingest)}, split: {test: 20%}}

            """, to: "rows.yaml")
        program.extraEnvironment["DECANT_READERS"] = (readers ?? program.folder.appending(path: "none")).path
        return try program.run("check", "rows.yaml", status: nil)
    }

    @Test func mistakesInRowsAreNamedLineByLine() throws {
        let schema = #"{"type":"object","properties":{"plant":{"type":"string"}},"required":["plant"]}"#
        let tools = #""tools":[{"name":"water","description":"","parameters":\#(schema)}]"#
        let lines = """
            {"id":"1","query":"water the fern",\(tools),"answers":[{"name":"water","arguments":{"plant":"fern"}}]}
            {"id":"2","query":"water it",\(tools)}
            {"id":"3","query":"water
            {"id":"4","query":"prune it",\(tools),"answers":[{"name":"prune","arguments":{}}]}
            {"id":"5","query":"water 5",\(tools),"answers":[{"name":"water","arguments":{"plant":5}}]}

            """
        let result = try check(Data(lines.utf8), "rows.jsonl", ingest: "format: decant")
        #expect(result.status == 2)
        try golden.expect(result.errors, equals: "check-rows.txt")
    }

    /// Rows are looked into in every container, and a mistake is told by the place that its container has.
    @Test(arguments: [
        ("lines", "rows:3:1", "the label 'x' "), ("pretty", "--> rows\n", "row 3: the label 'x' "),
        ("gzip", "--> rows\n", "line 3: the label 'x' "), ("csv", "rows:4:1", "the label 'x' "),
        ("parquet", "--> rows\n", "row 3: the label 'x' "), ("arrow", "--> rows\n", "row 3: the label 'x' "),
    ])
    func mistakesInRowsOfAnyContainer(container: String, place: String, words: String) throws {
        let records = ["a", "b", "x", "a"].enumerated().map { index, label -> JSON in
            ["query": .string("question \(index)"), "label": .string(label)]
        }
        let content = try RowsFixture.content(records, in: container)
        let result = try check(
            content, "rows", ingest: "format: table", task: "{kind: classify, labels: [a, b]}",
            readers: ColumnFiles.readers())
        #expect(result.status == 2)
        #expect(result.errors.contains(place) && result.errors.contains(words), "\(result.errors)")
        #expect(result.errors.components(separatedBy: "error[").count == 2, "\(result.errors)")
    }

    /// What cannot be read here is said, and is no mistake.
    @Test func parquetWithoutItsReaderIsUnread() throws {
        let content = Data("PAR1 and so on".utf8)
        let result = try check(content, "rows.parquet", ingest: "format: table", task: "text")
        #expect(result.status == 0)
        #expect(
            result.errors
                == "note: the source 'rows' was not looked into: what reads Parquet is not installed on this machine; "
                + "run `decant install parquet`, once\n")
    }

    /// The rows tell what a set lacks, and what a task's rows lack.
    @Test(arguments: [
        ("classify", "{\"query\":\"a\"}\n", "has no 'reply', which the task 'classify' wants"),
        ("extract", "{\"query\":\"a\",\"reply\":\"b\"}\n", "is no JSON: "),
        ("choice", "{\"query\":\"a\",\"reply\":\"b\"}\n", "has no options, which the task 'choice' wants"),
        ("calls", "{\"query\":\"a\",\"reply\":\"b\"}\n", "with 'task: text' or 'task: classify' words are learned"),
        ("text", "{\"query\":\"a\",\"reply\":\"b\"}\n{\"question\":\"c\"}\n", "rows.jsonl:2:1"),
        ("text", "", "the files hold no row"),
    ])
    func rowsThatDoNotFitTheirTask(task: String, lines: String, words: String) throws {
        let result = try check(Data(lines.utf8), "rows.jsonl", ingest: "format: table", task: task)
        #expect(result.status == 2 && result.errors.contains(words), "\(result.errors)")
    }

    /// Rows of another format are one mistake, however many there are.
    @Test func aFaultOfManyRowsIsToldOnce() throws {
        let lines = (0..<30).map { #"{"text":"question \#($0)"}"# }.joined(separator: "\n")
        let result = try check(Data(lines.utf8), "rows.jsonl", ingest: "format: openai")
        #expect(result.status == 2 && result.errors.contains("(and so 19 more)"), "\(result.errors)")
        #expect(result.errors.components(separatedBy: "error[").count == 2, "\(result.errors)")
        #expect(result.errors.contains("no record is a row of the format 'openai'; 'format' under data.ingest names another: "))
    }

    /// Words where calls are wanted are left out by the build; that is said before it.
    @Test func rowsThatWillBeLeftOutAreAWarning() throws {
        let tool = #"{"type":"function","function":{"name":"wave","parameters":{"type":"object","properties":{}}}}"#
        let call = #"{"type":"function","function":{"name":"wave","arguments":"{}"}}"#
        func chat(_ query: String, _ reply: String, _ tools: String) -> String {
            #"{"messages":[{"role":"user","content":"\#(query)"},{"role":"assistant",\#(reply)}],"tools":[\#(tools)]}"#
        }
        let lines = [
            chat("hi", #""content":"hello""#, ""), chat("wave", #""tool_calls":[\#(call)]"#, tool),
            chat("oh", #""content":"yes""#, ""),
        ].joined(separator: "\n")
        let result = try check(Data(lines.utf8), "rows.jsonl", ingest: "format: openai")
        #expect(result.status == 0, "\(result.errors)")
        #expect(result.errors.contains("warning[skipped-rows]: this and 1 more are left out: words, in a record that lists no"))
        #expect(result.errors.contains("--> rows.jsonl:1:1"), "\(result.errors)")
    }

    /// A share of bad rows that the recipe allows is no mistake; more is.
    @Test func badRowsThatTheRecipeAllows() throws {
        let lines = Data((0..<10).map { $0 == 4 ? "{" : #"{"query":"q\#($0)","reply":"r"}"# }.joined(separator: "\n").utf8)
        #expect(try check(lines, "rows.jsonl", ingest: "format: table, bad_rows: 10%", task: "text").status == 0)
        let result = try check(lines, "rows.jsonl", ingest: "format: table, bad_rows: 5%", task: "text")
        #expect(result.status == 2 && result.errors.contains("rows.jsonl:5:2"), "\(result.errors)")
        #expect(result.errors.contains("1 of the 10 records that were looked into are bad; 'bad_rows' allows 5%"))
    }

    /// Of a large file the beginning is read, so that checking stays quick; what stands behind is the build's to find.
    @Test func onlyTheBeginningOfALargeFileIsRead() throws {
        let rows = (0..<200_000).map { #"{"query":"q\#($0)","reply":"r"}"# }
        let lines = Data((rows + ["{"]).joined(separator: "\n").utf8)
        let start = ContinuousClock.now
        #expect(try check(lines, "rows.jsonl", ingest: "format: table", task: "text").status == 0)
        #expect(ContinuousClock.now - start < .seconds(20))
    }

    @Test func sourcesThatAreNotHereAreSaidToBeUnread() throws {
        let program = try DecantProgram()
        try program.write(
            """
            decant: 1
            sources: {rows: {http: "https://example.org/rows.jsonl", sha256: \(String(repeating: "0a", count: 32))}}
            data: {ingest: {train: rows}}

            """, to: "rows.yaml")
        let result = try program.run("check", "rows.yaml")
        #expect(result.errors == "note: the source 'rows' was not looked into: it is not on this machine\n")
        let json = try #require(try program.run("check", "rows.yaml", "--json").events.first)
        #expect(json["unread"] == ["rows"])
    }
}
