import Diagnostics
import SpannedYAML

/// Every kind of finding about a recipe: the catalogue. The raw value is the stable code.
package enum Problem: String, CaseIterable, Sendable {
    case badDigest = "bad-digest"
    case badGroup = "bad-group"
    case badName = "bad-name"
    case badRatio = "bad-ratio"
    case badRequirement = "bad-requirement"
    case badScheme = "bad-scheme"
    case badShape = "bad-shape"
    case badURL = "bad-url"
    case conflict
    case emptyList = "empty-list"
    case emptySet = "empty-set"
    case extendsCycle = "extends-cycle"
    case judgeNeedsModel = "judge-needs-model"
    case matrix
    case missingField = "missing-field"
    case missingFile = "missing-file"
    case missingInput = "missing-input"
    case needsAnswers = "needs-answers"
    case needsLogits = "needs-logits"
    case needsReinforcement = "needs-reinforcement"
    case outOfRange = "out-of-range"
    case repeatedValue = "repeated-value"
    case stageCycle = "stage-cycle"
    case staleLock = "stale-lock"
    case textAsRows = "text-as-rows"
    case tokenizerMismatch = "tokenizer-mismatch"
    case tooManyProblems = "too-many-problems"
    case transferLoss = "transfer-loss"
    case transferStar = "transfer-star"
    case transferSyntax = "transfer-syntax"
    case unknownField = "unknown-field"
    case unknownInput = "unknown-input"
    case unknownKind = "unknown-kind"
    case unknownSource = "unknown-source"
    case unknownStage = "unknown-stage"
    case unknownValue = "unknown-value"
    case unknownVariable = "unknown-variable"
    case unknownVersion = "unknown-version"
    case unpinnedSource = "unpinned-source"
    case unusedSource = "unused-source"
    case variableCycle = "variable-cycle"
    case variableInText = "variable-in-text"
    case variableSyntax = "variable-syntax"
    case wrongTask = "wrong-task"
    case wrongType = "wrong-type"

    var severity: Diagnostic.Severity { self == .unusedSource ? .warning : .error }
}

extension Diagnostic {
    package init(
        _ problem: Problem, _ message: String, at span: SourceSpan, label: String = "", secondary: [Label] = [],
        help: String? = nil
    ) {
        self.init(
            problem.severity, code: problem.rawValue, message, at: span, label: label, secondary: secondary, help: help)
    }
}

/// The messages that several readers share.
extension Diagnostic {
    /// - Parameter inner: known fields whose mappings have a field of this name.
    package static func unknownField(
        _ name: String, in owner: String, among known: [String], inside inner: [String] = [], at span: SourceSpan
    ) -> Diagnostic {
        let nearest = Suggestion.nearest(to: name, among: known).map { "did you mean '\($0)'?" }
        let places = inner.map { "'\($0): {\(name): …}'" }.joined(separator: ", ")
        let nested = inner.isEmpty ? nil : "it belongs one level down: \(places)"
        return Diagnostic(
            .unknownField, "\(owner) has no field '\(shortened(name))'", at: span, label: "unknown field",
            help: nearest ?? nested ?? "fields here: \(known.joined(separator: ", "))")
    }

    package static func unknownValue(_ value: String, of field: String, among known: [String], at span: SourceSpan)
        -> Diagnostic
    {
        let nearest = Suggestion.nearest(to: value, among: known)
        return Diagnostic(
            .unknownValue, "'\(field)' cannot be '\(shortened(value))'", at: span, label: "unknown value",
            help: nearest.map { "did you mean '\($0)'?" } ?? "possible: \(known.joined(separator: ", "))")
    }

    package static func unknownSource(_ name: String, among known: [String], at span: SourceSpan) -> Diagnostic {
        let nearest = Suggestion.nearest(to: name, among: known)
        let list = known.isEmpty ? "add it under 'sources'" : "there are: \(known.prefix(20).joined(separator: ", "))"
        let addition = source(for: name).map {
            "name it under 'sources', as in 'sources: {base: \($0)}', and write 'base' here"
        }
        return Diagnostic(
            .unknownSource, "there is no source or stage '\(shortened(name))'", at: span, label: "unknown",
            help: nearest.map { "did you mean '\($0)'?" } ?? addition ?? list)
    }

    /// The source that a path or a model's name on the hub was meant to be.
    private static func source(for name: String) -> String? {
        if name.hasPrefix("./") || name.hasPrefix("../") || name.hasPrefix("/") { return "{path: \(shortened(name))}" }
        let parts = name.split(separator: "/", omittingEmptySubsequences: false)
        guard parts.count == 2, !parts.contains("") else { return nil }
        return "{huggingface: \(shortened(name)), revision: main}"
    }

    /// A name among others that are known.
    package static func unknown(
        _ problem: Problem, _ message: String, _ name: String, among known: [String], at span: SourceSpan
    ) -> Diagnostic {
        let nearest = Suggestion.nearest(to: name, among: known)
        return Diagnostic(
            problem, message, at: span, label: "unknown",
            help: nearest.map { "did you mean '\($0)'?" } ?? "there are: \(known.prefix(40).joined(separator: ", "))")
    }

    package static func missingField(_ name: String, in owner: String, at span: SourceSpan, help: String) -> Diagnostic {
        Diagnostic(.missingField, "\(owner) has no '\(name)'", at: span, label: "'\(name)' is needed here", help: help)
    }

    package static func wrongType(_ field: String, wants: String, found node: Node, help: String? = nil) -> Diagnostic {
        let found = node.scalar.flatMap { $0.text.isEmpty ? nil : "'\(shortened($0.text))'" } ?? node.describedKind
        return Diagnostic(
            .wrongType, "'\(field)' wants \(wants), not \(found)", at: node.span, label: "expected \(wants)", help: help)
    }

    package static func outOfRange(_ field: String, allowed: String, nearest: String, at span: SourceSpan) -> Diagnostic {
        Diagnostic(
            .outOfRange, "'\(field)' must be \(allowed)", at: span, label: "out of range",
            help: "the nearest possible value is \(nearest)")
    }

    package static func emptyList(_ field: String, at span: SourceSpan) -> Diagnostic {
        Diagnostic(.emptyList, "'\(field)' is empty", at: span, help: "name at least one, or leave the field out")
    }

    package static func repeated(_ value: String, in field: String, at span: SourceSpan, first: SourceSpan) -> Diagnostic {
        Diagnostic(
            .repeatedValue, "'\(field)' names '\(shortened(value))' twice", at: span, label: "named again",
            secondary: [.init(first, "first named here")], help: "keep one of the two")
    }
}
