import BuildModel
import Diagnostics
import Foundation
import Planner
import RecipeLanguage
import TestSupport
import Testing

@testable import Declarations

/// Every bad recipe of `Golden/input` is refused in the words of `Golden/output`.
@Suite struct GoldenTests {
    static let golden = Golden("Tests/RecipeLanguageTests/Golden")
    static var folder: URL { golden.folder }
    static let names = ((try? FileManager.default.contentsOfDirectory(atPath: folder.appending(path: "input").path)) ?? [])
        .filter { $0.hasSuffix(".yaml") }.map { String($0.dropLast(5)) }.sorted()

    @Test func thereAreMany() { #expect(Self.names.count >= 120) }

    @Test func noOutputIsLeftOver() throws {
        let outputs = try FileManager.default.contentsOfDirectory(atPath: Self.folder.appending(path: "output").path)
        #expect(Set(outputs.filter { $0.hasSuffix(".err") }) == Set(Self.names.map { "\($0).err" }))
    }

    /// Every kind of finding has a case here: of the reader, the checks, the plan and the YAML below them.
    @Test func noProblemOfTheCatalogueLacksACase() throws {
        var missing = Set(Problem.allCases.map(\.rawValue)).union(try Self.syntaxCodes())
        for name in Self.names {
            let words = try String(contentsOf: Self.folder.appending(path: "output/\(name).err"), encoding: .utf8)
            missing = missing.filter { !words.contains("[\($0)]") }
        }
        #expect(missing == [])
    }

    /// The codes that `SpannedYAML` has, but for those that want a large file or a machine without memory (`HostileTextTests`).
    private static func syntaxCodes() throws -> Set<String> {
        let sources = Checkout.file("Sources/SpannedYAML")
        let texts = try FileManager.default.contentsOfDirectory(atPath: sources.path).map {
            try String(contentsOf: sources.appending(path: $0), encoding: .utf8)
        }
        let codes = texts.flatMap { $0.matches(of: /"(yaml-[a-z-]+|duplicate-key)"/).map { String($0.1) } }
        return Set(codes).subtracting(["yaml-memory", "yaml-too-large"])
    }

    /// Reading, and planning where reading finds nothing. Every file beside the recipe is there, unless it is called missing.
    private static func diagnostics(of source: SourceText) throws -> [Diagnostic] {
        let reading = RecipeReader.read(source) { name, from in
            let path = URL(filePath: from.path, relativeTo: folder.appending(path: "input/x")).deletingLastPathComponent()
                .appending(path: name).standardizedFileURL
            guard let content = try? Data(contentsOf: path) else { return nil }
            let isInput = path.deletingLastPathComponent().lastPathComponent == "input"
            return SourceText(path: (isInput ? "" : "../bases/") + path.lastPathComponent, bytes: content)
        }
        guard let recipe = reading.recipe else { return reading.diagnostics }
        var snapshots: [String: SourceSnapshot] = [:]
        for source in recipe.sources {
            guard case .path(let path) = source.origin, !path.value.contains("missing") else { continue }
            snapshots[source.name.value] = SourceSnapshot(
                file: path.value, digest: Digest(hashing: path.value), path: "/\(path.value)")
        }
        let lock = try? SourceLock(
            text: String(contentsOf: folder.appending(path: "input/\(source.path.dropLast(5)).lock"), encoding: .utf8))
        return try reading.diagnostics + Planner.plan(recipe, sources: snapshots, lock: lock).diagnostics
    }

    @Test(arguments: names)
    func badRecipe(name: String) throws {
        let input = try Data(contentsOf: Self.folder.appending(path: "input/\(name).yaml"))
        let diagnostics = try Self.diagnostics(of: SourceText(path: "\(name).yaml", bytes: input))
        #expect(!diagnostics.isEmpty)
        try Self.golden.expect(DiagnosticRenderer.render(diagnostics), equals: "output/\(name).err")
    }
}
