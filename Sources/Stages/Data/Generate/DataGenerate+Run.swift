import CanonicalJSON
import Diagnostics
import Engine
import Foundation
import Kinds
import SpannedYAML

extension DataGenerate: RunnableStage {
    package static let artifact: [Output] = [.file(DataFiles.functions), .file(DataFiles.rows)]

    package func run(in context: StageContext) throws {
        let library = try TemplateLibrary(
            functions: context.onlyFile(of: "functions"), utterances: context.onlyFile(of: "templates"))
        let heldOut = HeldOutChoices(
            from: library, templateShare: heldOutTemplates, valueShare: heldOutValues, seed: seed)
        let rows = RowGenerator(library: library, heldOut: heldOut, seed: seed).rows(count: count)
        if rows.isEmpty { throw StageFailure("The templates give no rows: add templates under 'templates' or 'no_call'.") }
        try context.write(FunctionPool(library.functions), to: DataFiles.functions)
        try context.write(rows, to: DataFiles.rows)
        context.report(.init(done: rows.count, total: rows.count, unit: "row"))
    }
}

extension StageContext {
    /// The one file of an input, under its own name.
    fileprivate func onlyFile(of name: String) throws -> SourceText {
        let files = try FileManager.default.contentsOfDirectory(atPath: input(name).path).sorted()
        guard files.count == 1, let file = files.first else {
            throw StageFailure("The input '\(name)' of data.generate must be one file, not \(files.count).")
        }
        return SourceText(path: file, bytes: try Data(contentsOf: input(name, file)))
    }
}

extension TemplateLibrary {
    /// Reads both files and reports all their problems at once.
    ///
    /// - Throws: `StageFailure` with every problem's place and what to do about it.
    init(functions functionsFile: SourceText, utterances: SourceText) throws(StageFailure) {
        var findings: [Diagnostic] = []
        self.init(functions: functionsFile, utterances: utterances, &findings)
        if findings.hasErrors { throw StageFailure(findings.filter { $0.severity == .error }) }
    }

    /// Reads both files; it is of use where no error was found.
    init(functions functionsFile: SourceText, utterances: SourceText, _ findings: inout [Diagnostic]) {
        let functions = FunctionsReader.read(functionsFile, &findings)
        self = UtterancesReader.read(utterances, functions: functions, &findings)
    }
}

extension StageFailure {
    init(_ diagnostics: [Diagnostic]) {
        self.init(DiagnosticRenderer.render(diagnostics.sortedByPosition()))
    }
}

/// A file's top level, read with its findings recorded; `nil` where it cannot be used.
func readDocument(_ source: SourceText, _ findings: inout [Diagnostic]) -> Node? {
    let (node, problems) = YAMLParser.parse(source)
    findings += problems
    return node
}

extension Diagnostic {
    static func expected(_ wanted: String, for name: String, found node: Node, help: String? = nil) -> Diagnostic {
        Diagnostic(
            code: "wrong-type", "\(name) must be \(wanted)", at: node.span, label: "this is \(node.describedKind)", help: help)
    }

    static func unknown(_ code: String, _ kind: String, _ name: String, known: [String], at span: SourceSpan) -> Diagnostic {
        let nearest = Suggestion.nearest(to: name, among: known.sorted()).map { "did you mean '\($0)'? " } ?? ""
        return Diagnostic(
            code: code, "there is no \(kind) '\(Diagnostic.shortened(name))'", at: span, label: "unknown \(kind)",
            help: known.isEmpty ? "none is defined" : nearest + "known: \(known.sorted().joined(separator: ", "))")
    }
}

/// Functions and the ways to ask for them: everything that rows are generated from.
struct TemplateLibrary: Sendable {
    /// Sorted by name.
    var functions: [FunctionDefinition]
    /// Templates by function, sorted by the function's name; the rows without a call last.
    var groups: [Group]
    /// Words before and after a sentence, the empty text among them. A repeated entry is drawn more often.
    var prefixes: [String]
    var suffixes: [String]

    struct Group: Sendable {
        /// `nil` where no function is wanted.
        var function: String?
        var templates: [UtteranceTemplate]
        /// Groups of one repertoire have the same templates, and lose the same ones to the set `phrasing`.
        var repertoire: String
        /// Who says a family's templates.
        var member: FunctionFamily.Member?

        var name: String { function ?? "no_call" }
    }
}

/// A sentence with gaps: `turn {state} the lights in the {room}`.
struct UtteranceTemplate: Sendable {
    enum Piece: Sendable {
        case text(String)
        case gap(Gap)
        /// A word of the family that each member has its own of.
        case word(String)
    }

    /// A place that one of several values fills.
    struct Gap: Sendable {
        /// The argument that takes the value; `nil` where no function is called.
        var argument: String?
        var slot: String
        var choices: [Choice]
        /// Whether a share of the values may be kept from training.
        var mayHoldOut: Bool
        /// Whether the value is one element of the argument's list.
        var isElement = false
    }

    /// What is said, and what it means.
    struct Choice: Hashable, Sendable {
        var spoken: String
        var value: JSON
    }

    /// What rows say that they are made with: `set_light/3`.
    var name: String
    var pieces: [Piece]
    /// Arguments that the words themselves state.
    var fixedArguments: [String: JSON]
    /// Where it is written.
    var span: SourceSpan

    var gaps: [Gap] {
        pieces.compactMap { piece in if case .gap(let gap) = piece { gap } else { nil } }
    }

    var words: [String] {
        pieces.compactMap { piece in if case .word(let word) = piece { word } else { nil } }
    }

    /// The names of all that it states.
    var arguments: Set<String> { Set(gaps.compactMap(\.argument)).union(fixedArguments.keys) }

    /// The sentence and its arguments with one choice per gap, in the order of the gaps.
    ///
    /// - Parameter member: whose words and names of parameters they are, where the template is a family's.
    func filled(with choices: [Choice], by member: FunctionFamily.Member?) -> (text: String, arguments: [String: JSON]) {
        var text = ""
        var arguments = fixedArguments
        var next = choices.makeIterator()
        for piece in pieces {
            switch piece {
            case .text(let words): text += words
            case .word(let word): text += member?.words[word] ?? ""
            case .gap(let gap):
                guard let choice = next.next() else { continue }
                text += choice.spoken
                guard let argument = gap.argument else { continue }
                arguments[argument] =
                    gap.isElement ? .array((arguments[argument]?.array ?? []) + [choice.value]) : choice.value
            }
        }
        guard let member else { return (text, arguments) }
        let named = arguments.map { (member.parameters[$0.key] ?? $0.key, $0.value) }
        return (text, Dictionary(named, uniquingKeysWith: { first, _ in first }))
    }
}
