import Diagnostics
import SpannedYAML

extension TemplateLibrary {
    /// Reads both files and reports all their problems at once.
    ///
    /// - Throws: `StageFailure` with every problem's place and what to do about it.
    init(functions functionsFile: SourceText, utterances: SourceText) throws(StageFailure) {
        var findings: [Diagnostic] = []
        let functions = FunctionsReader.read(functionsFile, &findings)
        if findings.hasErrors { throw StageFailure(findings) }
        self = UtterancesReader.read(utterances, functions: functions, &findings)
        if findings.hasErrors { throw StageFailure(findings) }
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
        Diagnostic(
            code: code, "there is no \(kind) '\(name)'", at: span, label: "unknown \(kind)",
            help: known.isEmpty ? "none is defined" : "known: \(known.sorted().joined(separator: ", "))")
    }
}
