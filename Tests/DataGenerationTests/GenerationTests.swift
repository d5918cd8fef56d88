import CanonicalJSON
import Diagnostics
import Engine
import Foundation
import RecipeLanguage
import TestSupport
import Testing

@testable import Kinds
@testable import Stages

@Suite struct GenerationTests {
    let tiny = "Tests/Fixtures/tiny"

    /// A change of these bytes needs a new revision of `data.generate`. `DECANT_RECORD=1` records them again.
    @Test func goldenOutput() throws {
        let rows = try Generation(tiny, count: 60).rowsFile
        try Golden("Tests/DataGenerationTests/Golden").expect(String(decoding: rows, as: UTF8.self), equals: "tiny.jsonl")
    }

    @Test func equalInputsGiveEqualBytesAndSeedsDiffer() throws {
        let first = try Generation(tiny, count: 120)
        let again = try Generation(tiny, count: 120)
        #expect(first.rowsFile == again.rowsFile)
        #expect(first.functions == again.functions)
        #expect(try Generation(tiny, count: 120, seed: 8).rowsFile != first.rowsFile)
    }

    @Test(arguments: [1, 40, 200, 100_000]) func everyQueryAndIdentifierOccursOnce(count: Int) throws {
        let rows = try Generation(tiny, count: count).rows
        #expect(!rows.isEmpty && rows.count <= count)
        #expect(Set(rows.map(\.query)).count == rows.count)
        #expect(Set(rows.map(\.id)).count == rows.count)
    }

    /// More rows never rename those that were there.
    @Test func identifiersDoNotDependOnOtherRows() throws {
        let few = try Generation(tiny, count: 50).rows
        let many = try Dictionary(uniqueKeysWithValues: Generation(tiny, count: 300).rows.map { ($0.id, $0.query) })
        for row in few { #expect(many[row.id] == row.query) }
    }

    @Test func functionsAndTemplatesShareEvenly() throws {
        let rows = try Generation("recipes/smart-home", count: 6000).rows
        #expect(rows.count == 6000)
        let functions = Dictionary(grouping: rows) { $0.answers.first?.name ?? "no_call" }.mapValues(\.count)
        #expect(functions["no_call"] == 480)
        #expect(functions.filter { $0.key != "no_call" }.values.allSatisfy { $0 == 460 })
        let templates = Dictionary(grouping: rows.filter { $0.answers.first?.name == "set_lights" }) { $0.template }
        #expect(templates.count == 18)
        #expect(templates.values.allSatisfy { (25...26).contains($0.count) })
    }

    @Test func heldOutTemplatesAreMarkedThroughout() throws {
        let rows = try Generation(tiny, count: 400, heldOutValues: 0).rows
        for (template, group) in Dictionary(grouping: rows, by: { $0.template ?? "" }) {
            #expect(Set(group.map(\.heldOut)).count == 1, "\(template)")
        }
        let marked = Set(rows.filter { $0.heldOut == .template }.compactMap(\.template))
        #expect(Set(marked.map { $0.prefix { $0 != "/" } }) == ["find_phone", "play", "set_heat", "set_light", "no_call"])
        #expect(marked.count == 5)
    }

    @Test func heldOutValuesAreMarkedThroughout() throws {
        let heat = try Generation(tiny, count: 2000, heldOutTemplates: 0, heldOutValues: 0.2).rows
            .filter { $0.answers.first?.name == "set_heat" }
        func degrees(_ heldOut: Row.HeldOut?) -> Set<JSON> {
            Set(heat.filter { $0.heldOut == heldOut }.compactMap { $0.answers.first?.arguments["degrees"] })
        }
        #expect(degrees(.value).count == 2)
        #expect(degrees(nil).count == 8)
        #expect(degrees(.value).isDisjoint(with: degrees(nil)))
    }

    @Test func sharesOfZeroHoldNothingOut() throws {
        let rows = try Generation(tiny, count: 400, heldOutTemplates: 0, heldOutValues: 0).rows
        #expect(rows.allSatisfy { $0.heldOut == nil })
    }

    @Test func argumentsHaveTheTypesAndMeaningsOfTheFiles() throws {
        let rows = try Generation(tiny, count: 2000).rows
        let heat = try #require(rows.first { $0.query == "heat the hall to 20" })
        #expect(heat.answers == [FunctionCall(name: "set_heat", arguments: ["room": "hall", "degrees": 20])])
        let oldies = try #require(rows.first { $0.query == "play oldies" })
        #expect(oldies.answers == [FunctionCall(name: "play", arguments: ["genre": "classics"])])
        let fixed = try #require(rows.first { $0.query == "no light in the hall" })
        #expect(fixed.answers == [FunctionCall(name: "set_light", arguments: ["room": "hall", "state": "off"])])
        #expect(rows.contains { $0.query == "hey good morning please" && $0.answers.isEmpty })
    }

    @Test func smartHomeHasRowsToSpare() throws {
        let generation = try Generation("recipes/smart-home", count: 12_000)
        #expect(generation.rows.count > 11_800)
        let functions = try #require(JSON(parsing: generation.functions).array)
        #expect(functions.count == 12)
        for row in generation.called { #expect(row.answers[0].arguments.count == 2, "\(row.id)") }
        #expect(generation.rows.contains { $0.heldOut == .value })
        #expect(generation.rows.contains { $0.heldOut == .template })
    }
}

/// What one run of `data.generate` writes.
struct Generation {
    var functions: Data
    var rowsFile: Data
    var rows: [Row]

    /// Runs the stage on the two files of a directory.
    init(
        _ directory: String, count: Int, seed: Int = 7, heldOutTemplates: Double = 0.15, heldOutValues: Double = 0.05
    ) throws {
        let source = Checkout.file(directory)
        let work = FileManager.default.temporaryDirectory.appending(path: "data-generate-\(UUID().uuidString)")
        defer { try? FileManager.default.removeItem(at: work) }
        let output = work.appending(path: "output")
        try FileManager.default.createDirectory(at: output, withIntermediateDirectories: true)
        for (input, file) in [("functions", "functions.yaml"), ("templates", "utterances.yaml")] {
            let folder = work.appending(path: "inputs/\(input)")
            try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
            try FileManager.default.copyItem(at: source.appending(path: file), to: folder.appending(path: file))
        }
        let context = StageContext(inputs: work.appending(path: "inputs"), outputs: output, threads: 1) { _ in }
        try DataGenerate(count: count, seed: seed, heldOutTemplates: heldOutTemplates, heldOutValues: heldOutValues)
            .run(in: context)
        functions = try Data(contentsOf: output.appending(path: "functions.json"))
        rowsFile = try Data(contentsOf: output.appending(path: "rows.jsonl"))
        rows = try rowsFile.split(separator: UInt8(ascii: "\n")).map { try Row(json: JSON(parsing: $0)) }
    }

    var called: [Row] { rows.filter { !$0.answers.isEmpty } }
}

/// The library of two texts.
func library(functions: String, utterances: String) throws -> TemplateLibrary {
    try TemplateLibrary(
        functions: SourceText(path: "functions.yaml", text: functions),
        utterances: SourceText(path: "utterances.yaml", text: utterances))
}

@Suite struct SmartHomeRecipeTests {
    @Test func recipeIsRightAndPlansSixVariants() throws {
        let text = try Data(contentsOf: Checkout.file("recipes/smart-home.yaml"))
        let reading = RecipeReader.read(SourceText(path: "recipes/smart-home.yaml", bytes: text))
        #expect(reading.diagnostics.isEmpty, "\(DiagnosticRenderer.render(reading.diagnostics))")
        #expect(reading.recipe?.variants.count == 6)
    }
}
