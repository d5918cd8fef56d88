import CanonicalJSON
import Diagnostics
import RecipeLanguage
import Testing

@Suite struct RecipeFieldsTests {
    private func changes(_ old: String, _ new: String) throws -> [String] {
        let old = try #require(RecipeFields(SourceText(path: "old", text: old)))
        let new = try #require(RecipeFields(SourceText(path: "new", text: new)))
        return old.changes(to: new).map { "\($0.field): \($0.old?.written ?? "–") → \($0.new?.written ?? "–")" }
    }

    @Test func commentsOrderFormattingAndSpellingAreNoChange() throws {
        let old = """
            decant: 1   # a comment
            transfer: "KD[0.5FKL + 0.5CE](steps: 300)"
            data: {generate: {functions: f, count: 10k, hold_out: {templates: 15%}}, split: {test: 20%}}
            prune: {ratio: [20%], samples: 256}
            stages: {own: {command: [a], time_limit: 90 s, memory: 1 MiB, outputs: out}}
            evaluate: {sets: [test]}
            judge: ~
            matrix: {prune.ratio: [0%, 20%]}
            """
        let new = """
            evaluate:
                sets: test
            matrix:
              prune.ratio: [0, 0.2]
            stages:
              own: {outputs: [out], memory: 1048576, time_limit: 1.5 min, command: [a]}
            prune:
              samples: '256'
              ratio: 0.20
            data:
              split: {test: 0.2}
              generate:
                functions: "f"
                hold_out: {templates: 0.15}
                count: 10_000
            transfer: KD[0.5FKL+0.5CE](steps:300)
            decant: 1
            """
        #expect(try changes(old, new) == [])
    }

    @Test func eachFieldThatDiffersIsNamedWithBothValues() throws {
        let old = "decant: 1\nprune: {ratio: 20%, method: depth}\nmatrix: {quantize.scheme: [none, W8A16]}\ndescription: a"
        let new = "decant: 1\nprune: {ratio: 30%}\nmatrix: {quantize.scheme: [none]}\ndescription: b\nstudent: {seed: 4}"
        #expect(
            try changes(old, new) == [
                "description: a → b", "matrix.quantize.scheme: [none, W8A16] → [none]", "prune.method: depth → –",
                "prune.ratio: 20% → 30%", "student.seed: – → 4",
            ])
        #expect(try changes(old, old + "\ntransfer: KD") == ["transfer: – → KD"])
    }

    @Test func aMappingThatMayBeANumberIsComparedByItsFields() throws {
        #expect(try changes("data: {candidates: 1_000}", "data: {candidates: '1k'}") == [])
        #expect(
            try changes("data: {candidates: {count: 4, similar: 50%}}", "data: {candidates: {similar: 0.5, count: 5}}")
                == ["data.candidates.count: 4 → 5"])
        #expect(try changes("matrix: {data.candidates.missing: [20%]}", "matrix: {data.candidates.missing: [0.2]}") == [])
    }

    /// Each mapping of a list has its number, as `explain` and a matrix have it.
    @Test func turnsAreComparedOneByOne() throws {
        let old = "prune: [{ratio: 20%}, {method: depth, layers: 2}]"
        #expect(try changes(old, "prune:\n  - ratio: 0.2\n  - {layers: 2, method: depth}\n") == [])
        #expect(try changes(old, "prune: [{ratio: 20%}, {method: depth, layers: 3}]") == ["prune.2.layers: 2 → 3"])
        #expect(try changes("matrix: {prune.2.ratio: [20%]}", "matrix: {prune.2.ratio: [0.2]}") == [])
    }

    @Test func dataToCalibrateOnIsComparedByItsFields() throws {
        let old = "quantize: {data: {text: a, tokens: 8 × 64}}"
        #expect(try changes(old, "quantize: {data: {text: b, tokens: 8 × 64}}") == ["quantize.data.text: a → b"])
        #expect(try changes("prune: {data: train}", "prune: {data: test}") == ["prune.data: train → test"])
    }

    /// A text of digits is a text: leading zeros of a revision count, and so do spaces in a command.
    @Test func textsAreComparedAsTexts() throws {
        #expect(try changes("sources: {a: {revision: 0123}}", "sources: {a: {revision: 123}}").count == 1)
        #expect(
            try changes("stages: {a: {command: echo 'a b'}}", "stages: {a: {command: echo 'a  b'}}").count == 1)
    }

    @Test func whatARecipeExtendsCounts() throws {
        func fields(_ base: String) throws -> RecipeFields {
            let source = SourceText(path: "r.yaml", text: "decant: 1\nextends: base.yaml\nprune: {ratio: 20%}")
            return try #require(
                RecipeFields(source) { name, _ in SourceText(path: name, text: base) })
        }
        let changes = try fields("prune: {method: depth, ratio: 50%}").changes(to: fields("prune: {method: width}"))
        #expect(changes.map(\.field) == ["prune.method"])
    }

    @Test func whatIsNoMappingHasNoFields() {
        #expect(RecipeFields(SourceText(path: "x", text: "[a")) == nil)
        #expect(RecipeFields(SourceText(path: "x", text: "- a")) == nil)
    }
}
