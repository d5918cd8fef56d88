import CanonicalJSON
import Engine
import Testing

@testable import Stages

/// Arguments that are lists: a template gives them an element from each gap.
@Suite struct ListArgumentTests {
    private let functions = """
        add:
          parameters:
            items: {type: array, items: {type: string, enum: [milk, eggs, tea]}}
            loud: {type: boolean}
          required: [items]
        """

    private func rows(_ templates: String) throws -> [Row] {
        let library = try library(
            functions: functions,
            utterances: """
                slots:
                  item: [milk, eggs, tea]
                  loud: [{say: loudly, value: true}, {say: quietly, value: false}]
                templates:
                  add:
                \(templates)
                """)
        let nothing = HeldOutChoices(from: library, templateShare: 0, valueShare: 0, seed: 1)
        return RowGenerator(library: library, heldOut: nothing, seed: 1).rows(count: 100)
    }

    @Test func everyGapIsAnElementInTheOrderOfTheSentence() throws {
        let rows = try rows(#"    - "add {items:item} and {items:item} {loud}""#)
        let row = try #require(rows.first { $0.query == "add tea and eggs quietly" })
        #expect(row.answers == [FunctionCall(name: "add", arguments: ["items": ["tea", "eggs"], "loud": false])])
    }

    @Test func nothingIsAskedForTwice() throws {
        let rows = try rows(#"    - "add {items:item} and {items:item} and {items:item}""#)
        #expect(rows.count == 6)
        #expect(rows.allSatisfy { Set($0.answers[0].arguments["items"]?.array ?? []).count == 3 })
    }

    @Test func wordsMayStateAWholeList() throws {
        let rows = try rows(#"    - {text: "breakfast and {items:item}", arguments: {items: [milk, eggs]}}"#)
        #expect(rows.map { $0.answers[0].arguments["items"] } == [["milk", "eggs", "tea"]])
    }

    @Test(arguments: [
        (#"    - {text: "all", arguments: {items: [bread]}}"#, "'bread' is no value of 'items'"),
        (#"    - {text: "all {items:item}", arguments: {loud: [true]}}"#, "'loud' must be a single value"),
        (#"    - "{items:item} {loud} {loud}""#, "states 'loud' twice"),
    ])
    func mistakesAreNamed(template: String, message: String) {
        #expect {
            try rows(template)
        } throws: { "\($0)".contains(message) }
    }

    @Test(arguments: ["{type: array}", "{type: array, items: {type: array}}", "{type: array, items: {type: text}}"])
    func aListSaysWhatItsElementsAre(schema: String) {
        #expect {
            try library(functions: "f:\n  parameters: {a: \(schema)}\n", utterances: "templates: {}")
        } throws: { "\($0)".contains("error[unknown-type]") }
    }
}
