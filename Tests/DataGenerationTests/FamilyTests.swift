import CanonicalJSON
import Engine
import Foundation
import TestSupport
import Testing

@testable import Stages

@Suite struct FamilyTests {
    let family = "Tests/Fixtures/family"

    private static func functions(_ generation: Generation) throws -> [String: FunctionDefinition] {
        let list = try #require(JSON(parsing: generation.functions).array)
        return try Dictionary(uniqueKeysWithValues: list.map { try ($0["name"]?.string ?? "", FunctionDefinition(json: $0)) })
    }

    /// A change of these bytes needs a new revision of `data.generate`. `DECANT_RECORD=1` records them again.
    @Test(arguments: ["rows", "functions"]) func goldenOutput(file: String) throws {
        let generation = try Generation(family, count: 60)
        let written = file == "rows" ? generation.rowsFile : generation.functions
        try Golden("Tests/DataGenerationTests/Golden").expect(
            String(decoding: written, as: UTF8.self), equals: "family-\(file).txt")
    }

    @Test func everyCombinationIsAFunctionWithOneOfTheNames() throws {
        let functions = try Self.functions(Generation(family, count: 60))
        #expect(functions.count == 13)
        var order: Set<Bool> = []
        for action in ["open", "close", "clean", "move"] {
            for device in ["lamp", "door", "oven"] {
                let found = ["\(action)_\(device)", "\(device)_\(action)"].compactMap { functions[$0] }
                try #require(found.count == 1)
                order.insert(found[0].name.hasPrefix(action))
                #expect(found[0].summary == "\(action) a \(device).")
            }
        }
        #expect(order == [true, false])
        #expect(functions["find_phone"]?.required == ["owner"])
    }

    @Test func aMemberHasOneOfTheSetsUnderNamesOfItsOwn() throws {
        let functions = try Self.functions(Generation("recipes/many-tools", count: 1)).values
        #expect(functions.count == 75 * 515)
        #expect(functions.allSatisfy { $0.required == $0.properties.map(\.name) && $0.properties.count < 2 })
        let counts = Dictionary(grouping: functions) { $0.properties.first?.name ?? "" }.mapValues(\.count)
        let names = [
            "place", "room", "where", "amount", "level", "value", "day", "date", "when", "color", "shade", "hue",
        ]
        #expect(Set(counts.keys) == Set(names + [""]))
        // A set that is written twice is had twice as often; names share evenly.
        #expect((12_500...13_250).contains(counts[""] ?? 0))
        #expect(names.allSatisfy { (2000...2300).contains(counts[$0] ?? 0) })
        #expect(
            functions.allSatisfy {
                $0.properties.first.map { ["string", "integer"].contains($0.schema["type"]?.string) } ?? true
            })
    }

    @Test func aMemberIsDecidedByItsWordsAlone() throws {
        func members(_ words: String) throws -> Set<FunctionDefinition> {
            let text = """
                \(words)
                  names: ["{a}_{b}", "{b}_{a}"]
                  parameters: [{}, {x: {type: string, names: [x, y, z]}}]
                """
            return try Set(library(functions: text, utterances: "{}").functions)
        }
        let few = try members("f:\n  family: {a: [one, two, three], b: [red, blue]}")
        #expect(few.count == 6)
        #expect(try members("g:\n  family: {b: [blue, red], a: [three, one, two]}") == few)
        let more = try members("f:\n  family: {a: [four, one, two, three], b: [red, green, blue]}")
        #expect(more.count == 12 && more.isSuperset(of: few))
    }

    @Test func rowsStateExactlyWhatTheirFunctionTakes() throws {
        let generation = try Generation(family, count: 400)
        let functions = try Self.functions(generation)
        for row in generation.called {
            let call = row.answers[0]
            let function = try #require(functions[call.name])
            #expect(Set(call.arguments.keys) == Set(function.required), "\(row.id)")
            for word in call.name.split(separator: "_") where call.name != "find_phone" {
                #expect(row.query.split(separator: " ").contains(word), "\(row.query)")
            }
            let isSaid = call.arguments.values.allSatisfy { value in
                let said =
                    ["attic": "upstairs", "garden": "outdoors"][value.string ?? ""] ?? value.string ?? value.canonicalText
                return row.query.contains(said)
            }
            #expect(isSaid, "\(row.query): \(call.arguments)")
        }
        let values = Set(generation.called.flatMap { $0.answers[0].arguments.values.compactMap(\.string) })
        #expect(values.isSuperset(of: ["kitchen", "hall", "attic", "garden"]))
        #expect(generation.called.contains { $0.answers[0].arguments.values.contains { $0.integer != nil } })
    }

    @Test func familiesAndFunctionsShareEvenly() throws {
        let rows = try Generation(family, count: 60, heldOutTemplates: 0, heldOutValues: 0).rows
        let counts = Dictionary(grouping: rows) { $0.answers.first?.name ?? "no_call" }.mapValues(\.count)
        #expect(rows.count == 60)
        #expect(counts.count == 14 && counts["no_call"] == 5)
        #expect(counts["find_phone"] == 4)
        #expect(counts.filter { $0.key != "no_call" }.values.allSatisfy { (4...5).contains($0) })
        #expect(Set(rows.map(\.query)).count == 60 && Set(rows.map(\.id)).count == 60)
    }

    /// Fewer rows than templates for each function: all templates are used all the same, and functions of every kind.
    @Test func fewRowsUseEveryTemplate() throws {
        let generation = try Generation("recipes/many-tools", count: 4000)
        let templates = Dictionary(grouping: generation.rows) { $0.template ?? "" }.mapValues(\.count)
        #expect(templates.count == 40)
        #expect(templates.values.allSatisfy { $0 > 40 }, "\(templates)")
        #expect(Set(generation.called.map { $0.answers[0].name }).count == 4000)
    }

    @Test func aTemplateIsHeldOutForTheWholeFamily() throws {
        let rows = try Generation(family, count: 2000, heldOutTemplates: 0.3, heldOutValues: 0).called
        for (template, group) in Dictionary(grouping: rows, by: { $0.template ?? "" }) {
            #expect(Set(group.map(\.heldOut)).count == 1, "\(template)")
        }
        // One of the four of each set of parameters.
        let heldOut = Set(
            rows.filter { $0.heldOut == .template }.compactMap { $0.template?.split(separator: "/").last }.compactMap {
                Int($0)
            })
        #expect(heldOut.map { $0 / 4 }.sorted() == [0, 1, 2])
    }

    @Test func heldOutValuesOfAFamilyAreMarkedThroughout() throws {
        let rows = try Generation(family, count: 3000, heldOutTemplates: 0, heldOutValues: 0.2).called
        func amounts(_ heldOut: Row.HeldOut?) -> Set<JSON> {
            Set(rows.filter { $0.heldOut == heldOut }.flatMap { $0.answers[0].arguments.values.filter { $0.integer != nil } })
        }
        #expect(amounts(.value).count == 2)
        #expect(amounts(nil).count == 7 && amounts(nil).isDisjoint(with: amounts(.value)))
    }

    @Test func aMemberMayHaveTemplatesOfItsOwnBesides() throws {
        let library = try library(
            functions: "f:\n  family: {a: [go]}\n  names: [\"{a}_on\"]",
            utterances: "templates: {f: [\"{a} now\"], go_on: [\"carry on\"]}")
        let choices = HeldOutChoices(from: library, templateShare: 0, valueShare: 0, seed: 1)
        let rows = RowGenerator(library: library, heldOut: choices, seed: 1).rows(count: 10)
        #expect(Set(rows.map(\.query)) == ["go now", "carry on"])
        #expect(rows.allSatisfy { $0.answers == [FunctionCall(name: "go_on", arguments: [:])] })
    }

    @Test func manyToolsIsPlainAndLarge() throws {
        let generation = try Generation("recipes/many-tools", count: 60_000)
        #expect(generation.rows.count == 60_000)
        #expect(generation.rows.allSatisfy { $0.query == $0.query.lowercased() && $0.answers.count == 1 })
        let words = try Set(Self.functions(generation).keys.flatMap { $0.split(separator: "_") })
        #expect(words.count == 75 + 515)
        let perFunction = Dictionary(grouping: generation.rows) { $0.answers[0].name }.mapValues(\.count)
        #expect(perFunction.count == 75 * 515)
        #expect(perFunction.values.allSatisfy { (1...2).contains($0) })
        #expect(generation.rows.contains { $0.heldOut == .value } && generation.rows.contains { $0.heldOut == .template })
    }
}
