import Declarations
import Diagnostics
import Foundation
import RecipeLanguage
import TestSupport
import Testing

/// Every sentence that a recipe is refused with stands in a golden file, where a person has read it.
@Suite struct MessageTests {
    private static let modules = ["Declarations", "Kinds", "Planner", "RecipeLanguage"]

    /// Parts of sentences that no small recipe brings about, with who does.
    private static let elsewhere = [
        "'group_size' must divide the widths of the linear layers of '": "a model's files: PretrainedTests",
        "the recipe has more than ": "a large matrix: HostileRecipeTests",
        "no set has rows to evaluate, so nothing is": "files of rows: below",
        " recipes extend each other": "many files: below",
    ]

    @Test func everyMessageHasACase() throws {
        var shown = Data()
        for name in GoldenTests.names {
            shown += try Data(contentsOf: GoldenTests.folder.appending(path: "output/\(name).err"))
        }
        var (count, unused) = (0, Set(Self.elsewhere.keys))
        for module in Self.modules {
            let folder = Checkout.file("Sources/\(module)")
            let files = try FileManager.default.subpathsOfDirectory(atPath: folder.path).filter { $0.hasSuffix(".swift") }
            for file in files.sorted() {
                let code = try String(contentsOf: folder.appending(path: file), encoding: .utf8)
                for parts in Self.messages(in: code) {
                    count += 1
                    let missing = parts.filter { shown.range(of: Data($0.utf8)) == nil }
                    guard !missing.allSatisfy({ Self.elsewhere[$0] != nil }) else {
                        unused.subtract(missing)
                        continue
                    }
                    Issue.record("\(module)/\(file) says \(missing), and no output in Golden has it")
                }
            }
        }
        #expect(count > 150 && unused == [])
    }

    /// The messages that some code reports, each in the parts that are the same whatever the recipe.
    private static func messages(in code: String) -> [[String]] {
        let problems = Set(Problem.allCases.map { String(describing: $0) })
        let starts = code.matches(of: /(?:\.(\w+)(?:\.rawValue)?,\s*|report\(\s*(?:\$?\w+,\s*)*)"/)
        return starts.compactMap { start -> [String]? in
            if let word = start.output.1, !problems.contains(String(word)) { return nil }
            return WrittenText.parts(code[code.index(before: start.range.upperBound)...]).filter {
                $0.count { !$0.isWhitespace } > 2
            }
        }
    }

    @Test func recipesDoNotExtendEachOtherWithoutEnd() {
        let reading = RecipeReader.read(SourceText(path: "0.yaml", text: "decant: 1\nextends: 1.yaml\n")) { name, _ in
            let next = (Int(name.prefix { $0 != "." }) ?? 0) + 1
            return SourceText(path: name, text: "decant: 1\nextends: \(next).yaml\n")
        }
        #expect(reading.recipe == nil)
        #expect(reading.diagnostics.contains { $0.message == "more than 16 recipes extend each other" })
    }

    /// What a recipe alone does not tell: its rows are too few for a test set.
    @Test func aRecipeThatEvaluatesNothingIsTold() throws {
        let text = """
            decant: 1
            sources: {rows: {path: rows.jsonl}}
            data: {ingest: {train: rows}}
            """
        let recipe = try #require(RecipeReader.read(SourceText(path: "a.yaml", text: text)).recipe)
        let identity = try #require(recipe.variants.first).pipeline.dataIdentity
        let findings = recipe.emptySets([identity: ["train"]])
        #expect(findings.map(\.message) == ["no set has rows to evaluate, so nothing is"])
        #expect(findings.map(\.severity) == [.warning])
    }
}

/// A text in Swift code, in the parts that stand between interpolations.
private struct WrittenText {
    private var parts = [""]
    /// What stands behind it.
    private var rest: Substring

    /// The parts of a text and of those that `+` adds to it.
    ///
    /// - Parameter code: from the quotation mark on.
    static func parts(_ code: Substring) -> [String] {
        var text = WrittenText(code)
        var parts = text.parts
        while let plus = text.rest.prefixMatch(of: /\s*\+\s*"/) {
            text = WrittenText(text.rest[text.rest.index(before: plus.range.upperBound)...])
            parts[parts.count - 1] += text.parts[0]
            parts += text.parts.dropFirst()
        }
        return parts
    }

    private init(_ code: Substring) {
        rest = code.dropFirst()
        while let next = rest.popFirst(), next != "\"" {
            guard next == "\\" else {
                parts[parts.count - 1].append(next)
                continue
            }
            switch rest.popFirst() {
            case "(":
                skipInterpolation()
                parts.append("")
            case "\"": parts[parts.count - 1].append("\"")
            case "\\": parts[parts.count - 1].append("\\")
            default: parts.append("")
            }
        }
    }

    /// Goes on behind the parenthesis that ends an interpolation; texts inside have parentheses of their own.
    private mutating func skipInterpolation() {
        var depth = 1
        while depth > 0, let next = rest.first {
            if next == "\"" {
                rest = WrittenText(rest).rest
                continue
            }
            rest.removeFirst()
            if next == "(" { depth += 1 }
            if next == ")" { depth -= 1 }
        }
    }
}
