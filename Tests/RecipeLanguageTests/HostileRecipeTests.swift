import Diagnostics
import Foundation
import RecipeLanguage
import Testing

/// Any bytes give a recipe or errors, and both within bounds.
@Suite struct HostileRecipeTests {
    @Test func damagedRecipes() throws {
        let folder = URL(filePath: #filePath).deletingLastPathComponent().appending(path: "Golden/input")
        let names = try FileManager.default.contentsOfDirectory(atPath: folder.path).filter { $0.hasSuffix(".yaml") }.sorted()
        let recipes = try names.map { [UInt8](try Data(contentsOf: folder.appending(path: $0))) }
        var state: UInt64 = 7
        func next(below bound: Int) -> Int {
            state = state &* 6_364_136_223_846_793_005 &+ 1_442_695_040_888_963_407
            return Int((state >> 33) % UInt64(max(bound, 1)))
        }
        for _ in 0..<3000 {
            var bytes = recipes[next(below: recipes.count)]
            let other = recipes[next(below: recipes.count)]
            for _ in 0...next(below: 4) where !bytes.isEmpty && !other.isEmpty {
                let place = next(below: bytes.count)
                let start = next(below: other.count)
                switch next(below: 3) {
                case 0: bytes[place] = UInt8(32 + next(below: 95))
                case 1: bytes.removeSubrange(place..<min(place + next(below: 12), bytes.count))
                default: bytes.insert(contentsOf: other[start..<min(start + 20, other.count)], at: place)
                }
            }
            let reading = RecipeReader.read(SourceText(path: "fuzz.yaml", bytes: bytes))
            #expect((reading.recipe == nil) == reading.diagnostics.hasErrors)
            #expect(reading.recipe != nil || !DiagnosticRenderer.render(reading.diagnostics).isEmpty)
        }
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
        let misspelt = text.replacing("train: [source", with: "train: [\(names.map { "x\($0)" }.joined(separator: ", ")), source")
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
