import CanonicalJSON
import Foundation
import TestSupport
import Testing

/// Files of rows as people have them, through the whole program.
@Suite struct RowFileTests {
    private static let tickets = "text,label\nthe app crashes,bug\n\"card, charged twice\",billing\nchange my email,account\n"

    private func program(_ ingest: String, _ files: [String: Data], task: String = "calls") throws -> DecantProgram {
        let program = try DecantProgram(
            recipe: """
                decant: 1
                name: tiny
                task: \(task)
                sources: {\(files.keys.sorted().enumerated().map { "f\($0): {path: \($1)}" }.joined(separator: ", "))}
                data: {ingest: {train: [\(files.keys.indices.enumerated().map { "f\($0.offset)" }.joined(separator: ", "))], \(ingest)}}
                """)
        for (name, content) in files { try content.write(to: program.folder.appending(path: name)) }
        program.extraEnvironment["DECANT_READERS"] = try ColumnFiles.readers().path
        return program
    }

    /// A table read as rows of calls: the error names the columns and says what to write; with that, it is read.
    @Test func aTableOfQuestionsAndReplies() throws {
        let refused = try program("format: decant", ["tickets.csv": Data(Self.tickets.utf8)])
        let errors = try refused.run("build", "tiny.yaml", "data.rows", status: 2).errors
        #expect(errors.contains("tickets.csv has the columns 'text', 'label', and no 'query'"), "\(errors)")
        #expect(errors.contains("write `format: table` with `columns: {query: NAME, label: NAME}`"))
        let read = try program(
            "format: table, columns: {query: text, label: label}", ["tickets.csv": Data(Self.tickets.utf8)],
            task: "classify")
        try read.run("build", "tiny.yaml", "data.rows")
        let shown = try read.run("show", "data.rows").output
        #expect(shown.contains("tickets.csv (CSV): 3 records, 3 rows for train"), "\(shown)")
    }

    /// The same chats in four containers give the same rows.
    @Test func chatsInAnyContainer() throws {
        var artifacts: Set<String> = []
        for container in ["lines", "pretty", "gzip", "parquet"] {
            let content = try RowsFixture.content(RowsFixture.records("openai"), in: container)
            let program = try program("format: openai", ["chats": content])
            try program.run("build", "tiny.yaml", "data.rows")
            try program.run("export", "data.rows", "out")
            artifacts.insert(
                try String(contentsOf: program.folder.appending(path: "out/rows.jsonl"), encoding: .utf8)
                    + String(contentsOf: program.folder.appending(path: "out/functions.json"), encoding: .utf8))
        }
        #expect(artifacts.count == 1)
    }

    /// Equal rows are one, and the log, the report and `show` say so.
    @Test func equalRowsAreSaid() throws {
        let lines = try RowsFixture.content(RowsFixture.records("decant"), in: "lines")
        let program = try program("format: decant", ["rows.jsonl": lines + lines])
        try program.run("build", "tiny.yaml", "data.rows")
        let shown = try program.run("show", "data.rows").output
        #expect(shown.contains("rows.jsonl (JSON lines): 4 records, 2 rows for train"), "\(shown)")
        #expect(
            shown.contains("skipped 2: equal to an earlier row (rows.jsonl, line 3; rows.jsonl, line 4)"), "\(shown)")
        let report = try program.run("show", "data.rows", "--json").events.first?["metrics"]?["reading.json"]
        #expect(report?["rows"] == 2)
    }

    /// A machine without the library is told the one command that it needs, and after that the build goes on.
    @Test func parquetOnAFreshMachine() throws {
        let content = try RowsFixture.content(RowsFixture.records("table"), in: "parquet")
        let program = try program("format: table", ["rows.parquet": content], task: "text")
        program.extraEnvironment["DECANT_READERS"] = program.folder.appending(path: "readers").path
        let errors = try program.run("build", "tiny.yaml", "data.rows", status: 1).errors
        #expect(errors.contains("run `decant install parquet`, once"), "\(errors)")
        #expect(try program.run("install", "parquet").output.contains("reads Parquet and Arrow files"))
        try program.run("build", "tiny.yaml", "data.rows")
        #expect(try program.run("show", "data.rows").output.contains("rows.parquet (Parquet): 2 records"))
    }

    @Test func somePlacesOfBadRowsAreSaid() throws {
        let table = Data("query,reply\na,x\nb\nc,y\nd,z\n".utf8)
        let program = try program("format: table, bad_rows: 25%", ["t.csv": table], task: "text")
        try program.run("build", "tiny.yaml", "data.rows")
        let shown = try program.run("show", "data.rows").output
        #expect(shown.contains("skipped 1: bad rows (t.csv, line 3: 1 values for 2 columns"), "\(shown)")
        try program.edit("tiny.yaml", "bad_rows: 25%", "bad_rows: 10%")
        let errors = try program.run("build", "tiny.yaml", "data.rows", status: 2).errors
        #expect(errors.contains("1 of the 4 records that were looked into are bad; 'bad_rows' allows 10%"), "\(errors)")
    }
}
