import BuildModel
import CanonicalJSON
import Declarations
import Diagnostics
import Foundation
import Planner
import RecipeLanguage
import SpannedYAML
import TestSupport
import Testing

@testable import Executor

/// Every value that a recipe writes, changed one by one: keys change if and only if an explanation names that field with its
/// place.
@Suite struct ExplanationTests {
    static let recipes: [String] = {
        let folders = ["Tests/RebuildTests/Recipes", "recipes"].map(Checkout.file)
        return folders.flatMap { folder in
            ((try? FileManager.default.contentsOfDirectory(atPath: folder.path)) ?? []).filter { $0.hasSuffix(".yaml") }
                .sorted()
                .map { folder.appending(path: $0).path }
        }
    }()

    /// Fields that no key has: for people, or about how a server is asked.
    static let outsideKeys: Set<String> = [
        "name", "description", "url", "api_key_env", "max_requests", "max_cost", "concurrency", "timeout", "retries",
        // What a teacher's answers cost is reported; what others cost is not.
        "judge.endpoint.price.prompt", "judge.endpoint.price.answer",
    ]

    /// Fields of the recipes here whose values decide nothing there, by why.
    static let withoutEffect = Set(
        [
            "the amount is a shape": ["prune.granularity.hidden", "prune.granularity.intermediate"],
            "it says what nobody can tell from two imported models": ["tokenizer.from"],
            "the matrix has other values": ["quantize.scheme", "prune.ratio", "tokenizer.vocabulary"],
            "a lock file pins it": ["sources.minilm.pypi", "sources.minilm.member"],
        ].values.joined())

    @Test(arguments: recipes)
    func aChangedKeyIsExplainedByTheChangedFieldAlone(path: String) throws {
        let text = try String(contentsOfFile: path, encoding: .utf8)
        let folder = URL(filePath: path).deletingLastPathComponent()
        let old = try #require(Self.graph(text, in: folder))
        var tried = 0
        var silent: [String] = []
        for value in WrittenValue.all(in: text) {
            guard
                let new = value.changed(text).lazy.compactMap({ Self.graph($0, in: folder) }).first(where: {
                    Self.hasShape($0, of: old)
                })
            else {
                continue
            }
            tried += 1
            var isNamed = false
            for id in old.ids {
                let actions = [old, new].map {
                    Action(stage: $0[id], artifacts: $0[id].inputs.map { _ in Digest(hashing: "") })
                }
                let reasons = Explanation(stage: new[id], graph: new).reasons(
                    from: actions[0].encoding, to: actions[1].encoding)
                #expect(reasons.isEmpty == (actions[0].key == actions[1].key))
                for reason in reasons {
                    guard case .parameter(let name, let origin, _, _) = reason else {
                        Issue.record("\(value): \(new[id].name): \(reason.text)")
                        continue
                    }
                    // Names of models, which say what was done: the stages that did it name the field.
                    if ["rows", "repeated"].contains(name), new[id].kind == "report" { continue }
                    isNamed = true
                    #expect(
                        origin?.field == value.field && origin?.line == value.line && origin?.column == value.column,
                        "\(value) changed \(name) of \(new[id].name); blamed: \(reason.text)")
                }
            }
            let isOutside = Self.outsideKeys.contains { value.field == $0 || value.field.hasSuffix("." + $0) }
            #expect(!(isNamed && isOutside), "\(value)")
            // Another value may have made another graph: the field decides something all the same.
            let decides = {
                value.changed(text).contains { Self.graph($0, in: folder).map { !Self.hasShape($0, of: old) } ?? false }
            }
            if !isNamed, !isOutside, !decides() { silent.append(value.field) }
        }
        #expect(tried > (path.contains("/Tests/") ? 10 : 1))
        // A file beside the recipe is read itself; its pin only says what it must be.
        let pins = Self.recipe(text, in: folder)?.filesBeside.map { "sources.\($0).sha256" } ?? []
        #expect(Set(silent).subtracting(Self.withoutEffect).subtracting(pins).subtracting(Self.pinnedFields(of: text)) == [])
    }

    /// Where a package's file is pinned by its digest, nothing else of its source decides anything.
    private static func pinnedFields(of text: String) -> [String] {
        WrittenValue.all(in: text).map(\.field).filter { $0.hasPrefix("sources.") && $0.hasSuffix(".sha256") }.flatMap { pin in
            ["pypi", "member"].map { pin.dropLast("sha256".count) + $0 }
        }
    }

    /// The shares of several teachers change together; the one teacher whose weight is another is named.
    @Test func ofSeveralTeachersTheChangedOneIsNamed() throws {
        func recipe(_ b: String, _ c: String) -> String {
            """
            decant: 1
            sources: {functions: {path: f}}
            data: {generate: {functions: functions, templates: functions}}
            teachers:
              b: {weight: \(b)}
              c: {weight: \(c)}
            """
        }
        let old = try #require(Self.graph(recipe("1", "2")))
        for (text, field, line) in [(recipe("3", "2"), "teachers.b.weight", 5), (recipe("1", "5"), "teachers.c.weight", 6)] {
            let new = try #require(Self.graph(text))
            let id = try #require(new.stage(named: "student.kd"))
            let actions = [old, new].map { Action(stage: $0[id], artifacts: $0[id].inputs.map { _ in Digest(hashing: "") }) }
            let reasons = Explanation(stage: new[id], graph: new).reasons(from: actions[0].encoding, to: actions[1].encoding)
            let origins = reasons.map { reason -> Origin? in
                if case .parameter(_, let origin, _, _) = reason { origin } else { nil }
            }
            #expect(origins.map { $0?.field } == [field])
            #expect(origins.map { $0?.line } == [line])
        }
    }

    /// `nil` where the recipe is wrong.
    static func recipe(_ text: String, in folder: URL) -> Recipe? {
        RecipeReader.read(SourceText(path: "recipe.yaml", text: text)) { path, _ in
            (try? String(contentsOf: folder.appending(path: path), encoding: .utf8)).map { SourceText(path: path, text: $0) }
        }.recipe
    }

    /// `nil` where the recipe is wrong. A source's bytes are its path.
    static func graph(_ text: String, in folder: URL = .temporaryDirectory) -> Graph? {
        guard let recipe = recipe(text, in: folder) else { return nil }
        var snapshots: [String: SourceSnapshot] = [:]
        var lock = SourceLock()
        for source in recipe.sources {
            let name = source.name.value
            if case .path(let path) = source.origin {
                snapshots[name] = SourceSnapshot(
                    file: path.value, digest: Digest(hashing: path.value), path: "/" + path.value)
            } else {
                let file = FixedOutput.File(path: name, digest: Digest(hashing: name))
                lock.entries[name] = SourceLock.Entry(request: source.request, revision: nil, files: [file])
            }
        }
        return try? Planner.plan(recipe, sources: snapshots, lock: lock).graph
    }

    /// Whether stages differ in parameters alone.
    static func hasShape(_ new: Graph, of old: Graph) -> Bool {
        new.stages.count == old.stages.count
            && zip(new.stages, old.stages).allSatisfy { $0.kind == $1.kind && $0.inputs == $1.inputs }
    }
}

/// A value that a recipe writes, or an option within a transfer.
struct WrittenValue: CustomStringConvertible {
    let field: String
    let line: Int
    let column: Int
    /// The bytes that can be replaced by another value: of a list, its first one.
    let bytes: Range<Int>
    let text: String

    var description: String { "\(line):\(column): \(field): \(text)" }

    static func all(in text: String) -> [WrittenValue] {
        let source = SourceText(path: "recipe.yaml", text: text)
        guard let root = YAMLParser.parse(source).node else { return [] }
        let sections = (root.mapping ?? []).filter { !["decant", "matrix", "vars", "extends"].contains($0.name) }
        return sections.flatMap { values(of: $0.value, $0.name) }
    }

    private static func text(of node: Node) -> String { node.scalar?.text ?? "" }

    private static func values(of node: Node, _ field: String) -> [WrittenValue] {
        if field.hasSuffix(".loss"), let first = node.mapping?.first {
            return [WrittenValue(field, at: first.key.span, first.value.span)]
        }
        // An answer is one text, however it is spelled.
        if field == "examples.response" {
            return firstScalar(of: node).map { [WrittenValue(field, at: node.span, $0.span)] } ?? []
        }
        if let entries = node.mapping { return entries.flatMap { values(of: $0.value, "\(field).\($0.name)") } }
        if let elements = node.sequence {
            let inner = elements.enumerated().filter { $1.mapping != nil }.flatMap { number, element in
                values(of: element, field == "prune" ? "prune.\(number + 1)" : field)
            }
            guard let first = elements.first, first.scalar != nil else { return inner }
            return inner + [WrittenValue(field, at: node.span, first.span)]
        }
        if text(of: node).contains("${") { return [] }
        let last = field.split(separator: ".").last ?? ""
        if ["transfer", "recover"].contains(last) { return options(in: node, field) }
        return [WrittenValue(field, at: node.span, node.span)]
    }

    private static func firstScalar(of node: Node) -> Node? {
        if node.scalar != nil { return node }
        return (node.sequence ?? node.mapping?.map(\.value) ?? []).lazy.compactMap(firstScalar).first
    }

    /// `steps: 30` and the like in the transfer notation.
    private static func options(in node: Node, _ field: String) -> [WrittenValue] {
        let text = text(of: node)
        return text.matches(of: #/(\w+): ([\w.%-]+)/#).map { match in
            let start = text.utf8.distance(from: text.utf8.startIndex, to: match.2.startIndex)
            let span = node.span(ofText: start..<start + match.2.utf8.count)
            return WrittenValue("\(field).\(match.1)", at: span, span)
        }
    }

    private init(_ field: String, at span: SourceSpan, _ replaced: SourceSpan) {
        self.field = field
        (line, column) = (span.line, span.column)
        bytes = replaced.start..<replaced.end
        text = replaced.text
    }

    /// The recipe with other values in place of this one; some may be wrong.
    func changed(_ recipe: String) -> [String] {
        let all = Array(recipe.utf8)
        return others.map { other in
            String(decoding: all[..<bytes.lowerBound] + Array(other.utf8) + all[bytes.upperBound...], as: UTF8.self)
        }
    }

    private var others: [String] {
        let digits = text.prefix { $0.isNumber || $0 == "." || $0 == "e" || $0 == "-" }
        let unit = text.dropFirst(digits.count)
        if let number = Int(digits) {
            return [number + 1, number - 1, number * 2, number / 2, number + 8, number + 32].map { "\($0)\(unit)" }
        }
        if let number = Double(digits) { return [number * 1.25, number / 2, number + 0.01].map { "\($0)\(unit)" } }
        if ["true", "false", "yes", "no"].contains(text) { return [["true", "yes"].contains(text) ? "false" : "true"] }
        return Self.words.filter { $0 != text } + (text.hasSuffix("\"") ? [text.dropLast() + "x\""] : [text + "x"])
    }

    private static let words = [
        "ast", "exact", "query", "tools", "train", "valid", "test", "phrasing", "width", "osscar", "magnitude", "activation",
        "rtn",
        "gptq", "quantease", "W4A16", "W8A16", "W8A8-INT8", "adamw", "muon", "lump", "renormalize", "bm25", "decant", "openai",
        "xlam", "portable", "native", "float", "quantized", "calls", "reasoning", "q_proj", "k_proj", "lm_head", "ar",
    ]
}

extension Recipe {
    /// Names of the sources that are files beside the recipe.
    fileprivate var filesBeside: [String] {
        sources.compactMap { if case .path = $0.origin { $0.name.value } else { nil } }
    }
}
