import BuildModel
import Diagnostics
import RecipeLanguage

/// What came of planning a recipe.
public struct Planning: Sendable {
    /// `nil` where there are errors.
    public let graph: Graph?
    public let diagnostics: [Diagnostic]
}

/// From a recipe to the graph of its stages: a pure function.
public enum Planner {
    /// Lowers every variant and merges equal stages.
    ///
    /// - Parameter sources: the files of the recipe's `path` sources by source name; one that is missing here is reported.
    /// - Throws: where a parameter has no JSON encoding, which a checked recipe's parameters always have.
    public static func plan(_ recipe: Recipe, sources: [String: SourceSnapshot]) throws -> Planning {
        let diagnostics = missing(sources, of: recipe)
        if diagnostics.hasErrors { return Planning(graph: nil, diagnostics: diagnostics) }
        var lowering = Lowering(recipe: recipe, snapshots: sources)
        return Planning(graph: try lowering.graph(), diagnostics: diagnostics)
    }

    private static func missing(_ snapshots: [String: SourceSnapshot], of recipe: Recipe) -> [Diagnostic] {
        let used = Set(recipe.variants.flatMap(\.pipeline.data.sourceNames))
        return recipe.sources.filter { used.contains($0.name.value) }.compactMap { source in
            guard case .path(let path) = source.origin, snapshots[source.name.value] == nil else { return nil }
            return Diagnostic(
                code: "missing-file", "the file '\(path.value)' cannot be read", at: path.span, label: "no such file",
                help: "paths start at the recipe's folder")
        }
    }
}
