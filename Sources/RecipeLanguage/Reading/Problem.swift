import Diagnostics

/// Every kind of finding about a recipe: the catalogue. The raw value is the stable code.
package enum Problem: String, CaseIterable, Sendable {
    case badDigest = "bad-digest"
    case badGroup = "bad-group"
    case badName = "bad-name"
    case badParameter = "bad-parameter"
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
