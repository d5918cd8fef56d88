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
    package static func unknownField(_ name: String, in owner: String, among known: [String], at span: SourceSpan) -> Diagnostic
    {
        let nearest = Suggestion.nearest(to: name, among: known)
        return Diagnostic(
            .unknownField, "\(owner) has no field '\(shortened(name))'", at: span, label: "unknown field",
            help: nearest.map { "did you mean '\($0)'?" } ?? "fields here: \(known.joined(separator: ", "))")
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
        return Diagnostic(
            .unknownSource, "there is no source or stage '\(shortened(name))'", at: span, label: "unknown",
            help: nearest.map { "did you mean '\($0)'?" } ?? list)
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

    package static func wrongType(_ field: String, wants: String, found node: Node) -> Diagnostic {
        let found = node.scalar.flatMap { $0.text.isEmpty ? nil : "'\(shortened($0.text))'" } ?? node.describedKind
        return Diagnostic(.wrongType, "'\(field)' wants \(wants), not \(found)", at: node.span, label: "expected \(wants)")
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

/// Picks what a misspelt word was meant to be.
package enum Suggestion {
    /// The candidate nearest to a word, when few enough letters differ; the first of equals.
    package static func nearest(to word: String, among candidates: [String]) -> String? {
        guard word.utf8.count <= 64 else { return nil }
        let allowed = max(1, word.count / 3)
        let ranked = candidates.map { ($0, distance(word.lowercased(), $0.lowercased())) }.filter { $0.1 <= allowed }
        return ranked.min { $0.1 < $1.1 }?.0
    }

    /// Insertions, deletions, replacements and swaps of neighbours that turn one word into another.
    package static func distance(_ left: String, _ right: String) -> Int {
        let (a, b) = (Array(left.unicodeScalars), Array(right.unicodeScalars))
        var beforeLast: [Int] = []
        var last = Array(0...b.count)
        for i in 0..<a.count {
            var row = [i + 1]
            for j in 0..<b.count {
                var cost = min(last[j + 1] + 1, row[j] + 1, last[j] + (a[i] == b[j] ? 0 : 1))
                if i > 0, j > 0, a[i] == b[j - 1], a[i - 1] == b[j] { cost = min(cost, beforeLast[j - 1] + 1) }
                row.append(cost)
            }
            (beforeLast, last) = (last, row)
        }
        return last[b.count]
    }
}
