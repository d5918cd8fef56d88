import CanonicalJSON
import Planner
import Testing

@Suite struct IngestTests {
    private func graph(_ ingest: String) throws -> [StageShape] {
        let header = """
            decant: 1
            name: smart-home
            sources: {functions: {path: smart-home/functions.yaml}, utterances: {path: smart-home/utterances.yaml}}
            data: {ingest: \(ingest)}

            """
        return try plan("", header: header).shapes
    }

    /// What a recipe said before formats and sets could differ, it says with the same parameters.
    @Test func oneFormatIsAllThatIsSaid() throws {
        for train in ["functions", "[functions]", "{from: functions}", "{from: functions, format: snips}"] {
            let shapes = try graph("{format: snips, train: \(train), test: utterances}")
            let rows = try #require(shapes.first { $0.name == "data.rows" })
            #expect(rows.parameters == #"{"format":"snips"}"#)
            #expect(rows.inputs == ["train.0=source.functions", "test.0=source.utterances"])
        }
    }

    @Test func formatsAndSetsGoByInput() throws {
        let shapes = try graph(
            "{train: functions, sets: {one: {from: [utterances, functions], format: bfcl, limit: 5}, two: {from: utterances}}}")
        let rows = try #require(shapes.first { $0.name == "data.rows" })
        #expect(
            rows.parameters
                == #"{"format":"decant","formats":{"set.0":"bfcl","set.1":"bfcl"},"sets":["one","one","two"]}"#)
        #expect(
            rows.inputs == [
                "train.0=source.functions", "set.0=source.utterances", "set.1=source.functions", "set.2=source.utterances",
            ])
        let split = try #require(shapes.first { $0.name == "data" })
        #expect(split.parameters.contains(#""limit":{"one":5}"#))
        let answers = try #require(shapes.first { $0.name == "student.kd.answers" })
        #expect(answers.parameters.contains(#""sets":["test","one","two"]"#))
        let report = try #require(shapes.first { $0.name == "report" })
        #expect(report.parameters.contains(#""sets":["test","one","two"]"#))
    }

    @Test func columnsGoByInputWhereTheyDiffer() throws {
        func parameters(_ ingest: String) throws -> String {
            try #require(graph(ingest).first { $0.name == "data.rows" }).parameters
        }
        let one = #"{"columns":{"query":"text"},"format":"table"}"#
        #expect(try parameters("{format: table, columns: {query: text}, train: functions}") == one)
        #expect(
            try parameters(
                "{format: table, columns: {query: text}, train: functions, test: {from: utterances, columns: {query: q}}}")
                == #"{"columns":{"query":"text"},"columns_of":{"test.0":{"query":"q"}},"format":"table"}"#)
        #expect(
            try parameters("{train: functions, test: {from: utterances, format: table, columns: {query: q}}}")
                == #"{"columns_of":{"test.0":{"query":"q"}},"format":"decant","formats":{"test.0":"table"}}"#)
        #expect(
            try parameters("{format: table, train: functions, bad_rows: 1%}") == #"{"bad_rows":0.01,"format":"table"}"#)
        #expect(try parameters("{format: table, train: functions, bad_rows: 0%}") == #"{"format":"table"}"#)
        #expect(try parameters("{format: table, train: functions, skip: 3}") == #"{"format":"table","skip":3}"#)
        #expect(try parameters("{train: functions, copy: true}") == #"{"copy":true,"format":"decant"}"#)
    }

    /// Rows of `valid` and `ood`, and those that are mixed in, are read as sets of their own are.
    @Test func sourcesMayBeOtherSetsAndMayBeMixedIn() throws {
        let shapes = try graph(
            "{train: [functions, {from: utterances, format: xlam, weight: 0.25}], valid: functions, ood: utterances}")
        let rows = try #require(shapes.first { $0.name == "data.rows" })
        #expect(
            rows.parameters
                == #"{"format":"decant","formats":{"set.2":"xlam"},"sets":["valid","ood","train+utterances"]}"#)
        #expect(
            rows.inputs == [
                "train.0=source.functions", "set.0=source.functions", "set.1=source.utterances", "set.2=source.utterances",
            ])
        let split = try #require(shapes.first { $0.name == "data" })
        #expect(split.parameters.contains(#""weights":{"train+utterances":0.25}"#))
        let answers = try #require(shapes.first { $0.name == "student.kd.answers" })
        #expect(answers.parameters.contains(#""sets":["test","ood"]"#))
    }
}
