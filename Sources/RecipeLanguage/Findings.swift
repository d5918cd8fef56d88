import Diagnostics

/// Collects what is wrong while a recipe is read. Readers go on with a default after each problem, so that one run reports all.
final class Findings {
    private(set) var diagnostics: [Diagnostic] = []
    private var seen: Set<Diagnostic> = []

    /// Variants of a matrix share most of the recipe; the same finding counts once.
    func report(_ diagnostic: Diagnostic) {
        if seen.insert(diagnostic).inserted { diagnostics.append(diagnostic) }
    }

    var hasErrors: Bool { diagnostics.hasErrors }
}
