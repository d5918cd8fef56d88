import BuildModel
import Diagnostics
import Planner
import RecipeLanguage

/// Any bytes give errors that can be shown, or a recipe that can be planned.
package func checkRecipe(_ bytes: [UInt8]) {
    let reading = RecipeReader.read(SourceText(path: "fuzz.yaml", bytes: bytes))
    demand((reading.recipe == nil) == reading.diagnostics.hasErrors, "a recipe beside errors, or neither")
    checkShown(reading.diagnostics)
    guard let recipe = reading.recipe else { return }
    do {
        let planning = try Planner.plan(recipe, sources: snapshots(of: recipe))
        demand((planning.graph == nil) == planning.diagnostics.hasErrors, "a graph beside errors, or neither")
        checkShown(planning.diagnostics)
        let names = planning.graph?.stages.map(\.name) ?? []
        demand(Set(names).count == names.count, "stages share a name")
    } catch {
        demand(false, "a checked recipe cannot be planned: \(error)")
    }
}

/// Every diagnostic is shown within bounds and without what a terminal would act on.
private func checkShown(_ diagnostics: [Diagnostic]) {
    let shown = DiagnosticRenderer.render(diagnostics)
    demand(shown.isEmpty == diagnostics.isEmpty, "a diagnostic is not shown")
    demand(shown.utf8.count <= 1 << 20, "the diagnostics are shown as \(shown.utf8.count) bytes")
    demand(!shown.unicodeScalars.contains(where: isActedOn), "a character is shown that a terminal acts on")
}

/// Control characters but the line break, other ends of lines, and marks that reorder what follows them.
private func isActedOn(_ scalar: Unicode.Scalar) -> Bool {
    switch scalar.properties.generalCategory {
    case .control: scalar != "\n"
    case .lineSeparator, .paragraphSeparator: true
    case .format: (0x202A...0x202E).contains(scalar.value) || (0x2066...0x2069).contains(scalar.value)
    default: false
    }
}

/// Every source has a file, so that every plan is made to its end.
private func snapshots(of recipe: Recipe) -> [String: SourceSnapshot] {
    var snapshots: [String: SourceSnapshot] = [:]
    for name in recipe.sources.map(\.name.value) {
        snapshots[name] = SourceSnapshot(file: "rows.jsonl", digest: Digest(hashing: name), path: "/recipes/rows.jsonl")
    }
    return snapshots
}

/// Ends the process where a promise is broken: that is how libFuzzer learns of a finding.
private func demand(_ isKept: Bool, _ broken: @autoclosure () -> String) {
    if !isKept { fatalError(broken()) }
}
