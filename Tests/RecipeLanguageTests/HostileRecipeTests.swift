import BuildModel
import Diagnostics
import Foundation
import Planner
import RecipeLanguage
import Testing
import TestSupport

/// Any bytes give a recipe or errors, and both within bounds.
@Suite struct HostileRecipeTests {
    /// Mutations of every recipe beside the tests, 200,000 in all: read, shown, and planned where they are right.
    @Test(arguments: 0..<8)
    func damagedRecipes(seed: Int) throws {
        let root = Checkout.file("Tests/RecipeLanguageTests/Golden/input")
        let shipped = Checkout.file("recipes")
        let files = try [root, shipped].flatMap { folder in
            try FileManager.default.contentsOfDirectory(atPath: folder.path).filter { $0.hasSuffix(".yaml") }.sorted()
                .map { folder.appending(path: $0) }
        }
        let recipes = try files.map { [UInt8](try Data(contentsOf: $0)) }
        var random = Mutations(seed: UInt64(seed) + 7)
        var slowestReading = 0.0
        var planned = 0
        for _ in 0..<25_000 {
            let text = SourceText(path: "fuzz.yaml", bytes: random.mutation(of: recipes))
            let start = Self.processorSeconds()
            let reading = RecipeReader.read(text)
            slowestReading = max(slowestReading, Self.processorSeconds() - start)
            if (reading.recipe == nil) != reading.diagnostics.hasErrors {
                Issue.record("\(String(decoding: text.bytes, as: UTF8.self))")
            }
            if !reading.diagnostics.isEmpty, DiagnosticRenderer.render(reading.diagnostics).isEmpty {
                Issue.record("nothing is shown")
            }
            guard let recipe = reading.recipe else { continue }
            let snapshots = recipe.sources.map {
                ($0.name.value, SourceSnapshot(file: "file", digest: Digest(hashing: $0.name.value), path: "/file"))
            }
            let startOfPlan = Self.processorSeconds()
            let planning = try Planner.plan(recipe, sources: Dictionary(snapshots, uniquingKeysWith: { $1 }))
            let seconds = Self.processorSeconds() - startOfPlan
            if (planning.graph == nil) != planning.diagnostics.hasErrors { Issue.record("a graph beside errors, or neither") }
            planned += planning.graph == nil ? 0 : 1
            // A matrix of few words may stand for as many stages as a recipe may have.
            let stages = planning.graph?.stages.count ?? (planning.diagnostics.contains(where: Self.isLimit) ? 120_000 : 0)
            #expect(seconds < 1 + Double(stages) * 100e-6, "\(stages) stages: \(String(decoding: text.bytes, as: UTF8.self))")
        }
        #expect(planned > 30)
        #expect(slowestReading < 2)
    }

    private static func isLimit(_ diagnostic: Diagnostic) -> Bool { diagnostic.message.contains("has more than") }

    /// Of this thread: other tests run beside this one.
    private static func processorSeconds() -> Double {
        var time = timespec()
        clock_gettime(CLOCK_THREAD_CPUTIME_ID, &time)
        return Double(time.tv_sec) + Double(time.tv_nsec) * 1e-9
    }

    @Test func moreStagesThanAnyoneCanRun() throws {
        let seeds = (1...170).map(String.init).joined(separator: ", ")
        let text = """
            decant: 1
            sources: {functions: {path: f}, utterances: {path: u}}
            data: {generate: {functions: functions, templates: utterances}}
            quantize: {group_size: 32}
            matrix: {student.seed: [\(seeds)], teacher.seed: [\(seeds)]}
            """
        let recipe = try #require(RecipeReader.read(SourceText(path: "a.yaml", text: text)).recipe)
        let snapshot = SourceSnapshot(file: "f", digest: Digest(hashing: ""), path: "/f")
        let planning = try Planner.plan(recipe, sources: ["functions": snapshot, "utterances": snapshot])
        #expect(planning.graph == nil)
        #expect(planning.diagnostics.map(\.message) == ["the recipe has more than 120000 stages"])
    }

    @Test func veryManyUnknownFields() {
        let fields = (0..<9000).map { "field\($0): 1\n" }.joined()
        let matrix = "matrix: {student.seed: [\((0..<256).map(String.init).joined(separator: ","))]}\n"
        let reading = RecipeReader.read(SourceText(path: "a.yaml", text: "decant: 1\n" + fields + matrix))
        #expect(reading.recipe == nil)
        #expect(reading.diagnostics.count <= 201)
        #expect(reading.diagnostics.last?.code == "too-many-problems")
    }

    @Test func veryManySourcesAndVariants() {
        let names = (0..<2000).map { "source\($0)" }
        let text = """
            decant: 1
            sources: {\(names.map { "\($0): {path: x}" }.joined(separator: ", "))}
            data: {ingest: {train: [\(names.joined(separator: ", "))]}}
            matrix: {student.seed: [\((0..<256).map(String.init).joined(separator: ","))]}
            """
        let reading = RecipeReader.read(SourceText(path: "a.yaml", text: text))
        #expect(reading.recipe?.variants.count == 256)
        let misspelt = text.replacing(
            "train: [source", with: "train: [\(names.map { "x\($0)" }.joined(separator: ", ")), source")
        #expect(RecipeReader.read(SourceText(path: "a.yaml", text: misspelt)).diagnostics.count == 201)
    }

    @Test func longNotations() {
        let text = "decant: 1\ntransfer: " + String(repeating: "KD+", count: 20_000) + "KD\n"
        #expect(RecipeReader.read(SourceText(path: "a.yaml", text: text)).recipe == nil)
    }

    @Test func hugeRecipesAreNotRead() {
        let text = "decant: 1\n" + String(repeating: "# comment\n", count: 50_000)
        #expect(RecipeReader.read(SourceText(path: "a.yaml", text: text)).diagnostics.map(\.code) == ["yaml-too-large"])
    }
}

/// Small damages: other bytes, pieces lost, pieces of other recipes.
private struct Mutations {
    private var state: UInt64

    init(seed: UInt64) { state = seed }

    private mutating func next(below bound: Int) -> Int {
        state = state &* 6_364_136_223_846_793_005 &+ 1_442_695_040_888_963_407
        return Int((state >> 33) % UInt64(max(bound, 1)))
    }

    mutating func mutation(of recipes: [[UInt8]]) -> [UInt8] {
        var bytes = recipes[next(below: recipes.count)]
        let other = recipes[next(below: recipes.count)]
        for _ in 0...next(below: 4) where !bytes.isEmpty && !other.isEmpty {
            let place = next(below: bytes.count)
            let start = next(below: other.count)
            switch next(below: 4) {
            case 0: bytes[place] = UInt8(32 + next(below: 95))
            case 1: bytes[place] = UInt8(48 + next(below: 10))
            case 2: bytes.removeSubrange(place..<min(place + next(below: 12), bytes.count))
            default: bytes.insert(contentsOf: other[start..<min(start + 20, other.count)], at: place)
            }
        }
        return bytes
    }
}
