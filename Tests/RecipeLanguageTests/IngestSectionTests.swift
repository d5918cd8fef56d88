import Diagnostics
import RecipeLanguage
import Testing

@Suite struct IngestSectionTests {
    private func pipeline(_ ingest: String, _ rest: String = "") throws -> Pipeline {
        let text = """
            decant: 1
            sources: {a: {path: a}, b: {path: b}, c: {path: c}, d: {path: d}}
            data: {ingest: \(ingest)}
            \(rest)
            """
        let reading = RecipeReader.read(SourceText(path: "a.yaml", text: text))
        return try #require(reading.recipe?.variants.first, "\(DiagnosticRenderer.render(reading.diagnostics))").pipeline
    }

    private func ingest(_ pipeline: Pipeline) throws -> IngestSection {
        guard case .ingest(let ingest) = pipeline.data.rows else { throw NoIngest() }
        return ingest
    }

    private struct NoIngest: Error {}

    private func spelled(_ sources: [RowSource]) -> [String] { sources.map { "\($0.name.value):\($0.format.value.rawValue)" } }

    @Test func aSourceHasTheFormatOfAllUnlessItNamesAnother() throws {
        let ingest = try ingest(
            pipeline("{format: snips, train: [a, {from: b, format: xlam}], test: {from: [c, d], format: bfcl}}"))
        #expect(spelled(ingest.train) == ["a:snips", "b:xlam"])
        #expect(spelled(ingest.test) == ["c:bfcl", "d:bfcl"])
        #expect(ingest.sets.isEmpty)
        #expect(try spelled(self.ingest(pipeline("{train: a}")).train) == ["a:decant"])
    }

    @Test func namedSetsAreEvaluatedBehindTheOthers() throws {
        let sets = "{train: a, test: b, sets: {simple: {from: c, format: bfcl, limit: 9}, other: {from: [b, d]}}}"
        let standard = try pipeline(sets)
        #expect(standard.evaluatedSets == ["test", "simple", "other"])
        let named = try ingest(standard).sets
        #expect(named.map(\.name.value) == ["simple", "other"])
        #expect(named.map { spelled($0.sources) } == [["c:bfcl"], ["b:decant", "d:decant"]])
        #expect(named.map { $0.limit?.value } == [9, nil])
        #expect(try pipeline(sets, "evaluate: {sets: [other, test]}").evaluatedSets == ["other", "test"])
    }

    @Test func setsOfTextAreNotEvaluated() throws {
        let split = "sample: none\n"
        let apart = "{train: {from: a, format: text}, sets: {prose: {from: c, format: text}, other: {from: d}}}"
        #expect(try pipeline(apart, split).evaluatedSets == ["other"])
        #expect(try pipeline("{format: text, train: [a, b], test: c}", split).evaluatedSets == [])
    }

    @Test func columnsOfATableAreThoseOfFlatRows() throws {
        let read = try ingest(
            pipeline("{format: table, columns: {query: text, label: intent}, train: [a, {from: b, columns: {query: q}}]}"))
        #expect(read.train.map { $0.reading.columns.value } == [["query": "text", "label": "intent"], ["query": "q"]])
        let text = """
            decant: 1
            sources: {a: {path: a}}
            data: {ingest: {format: table, train: a, columns: {qurey: text}}}
            """
        let problems = DiagnosticRenderer.render(RecipeReader.read(SourceText(path: "a.yaml", text: text)).diagnostics)
        #expect(problems.contains("'columns' of the format 'table' has no field 'qurey'"), "\(problems)")
        #expect(problems.contains("did you mean 'query'?"))
    }
}
