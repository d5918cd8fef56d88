import Diagnostics

/// Collects what is wrong while a recipe is read. Readers go on with a default after each problem, so that one run reports all.
final class Findings {
    /// More than a person reads; what comes after is not listed.
    static let most = 200

    private(set) var diagnostics: [Diagnostic] = []
    private var seen: Set<Diagnostic> = []
    private let source: SourceText

    init(_ source: SourceText) { self.source = source }

    /// Whether further findings would be listed.
    var hasRoom: Bool { diagnostics.count < Self.most }

    /// Variants of a matrix share most of the recipe; the same finding counts once.
    func report(_ diagnostic: @autoclosure () -> Diagnostic) {
        guard diagnostics.count <= Self.most else { return }
        let diagnostic = diagnostic()
        guard seen.insert(diagnostic).inserted else { return }
        if diagnostics.count < Self.most {
            diagnostics.append(diagnostic)
        } else {
            let end = source.bytes.count
            diagnostics.append(
                Diagnostic(
                    .tooManyProblems, "there are more problems than these \(Self.most)", at: source.span(end..<end)))
        }
    }
}
