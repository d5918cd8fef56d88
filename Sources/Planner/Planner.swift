import BuildModel
import Diagnostics
import Kinds
import RecipeLanguage
import Words

/// What came of planning a recipe.
package struct Planning: Sendable {
    /// `nil` where there are errors.
    package let graph: Graph?
    package let diagnostics: [Diagnostic]
}

/// From a recipe to the graph of its stages: a pure function.
package enum Planner {
    /// Lowers every variant and merges equal stages.
    ///
    /// - Parameters:
    ///   - sources: the files of the recipe's `path` sources by source name; one that is missing here is reported.
    ///   - lookalikes: what is there in place of a missing one, in words, by source name.
    ///   - lock: what pins sources that have no digest of their own.
    ///   - models: those that are imported, as far as their files are at hand, by the names of their sources.
    ///   - rows: what is known of the rows, for forecasts.
    ///   - processor: what `numerics: native` means: the family of the machine that looks for results and runs stages. It may
    ///     have to be measured, and is asked for where a recipe is native.
    /// - Throws: where a parameter has no JSON encoding, which a checked recipe's parameters always have.
    package static func plan(
        _ recipe: Recipe, sources: [String: SourceSnapshot], lookalikes: [String: String] = [:], lock: SourceLock? = nil,
        models: [String: KnownModel] = [:], rows: [Pipeline.DataIdentity: RowFigures] = [:],
        processor: @escaping @autoclosure () -> ProcessorFamily = .avx2
    ) throws -> Planning {
        let diagnostics = missing(sources, lookalikes, of: recipe)
        if diagnostics.hasErrors { return Planning(graph: nil, diagnostics: diagnostics) }
        var lowering = Lowering(
            recipe: recipe, snapshots: sources, lock: lock, processor: processor, models: models, rows: rows)
        let graph = try lowering.graph()
        return Planning(graph: graph, diagnostics: lowering.problems.sortedByPosition())
    }

    private static func missing(_ snapshots: [String: SourceSnapshot], _ lookalikes: [String: String], of recipe: Recipe)
        -> [Diagnostic]
    {
        let used = Set(recipe.pipelinesButForSeeds.flatMap(\.referredNames))
        return recipe.sources.filter { used.contains($0.name.value) }.compactMap { source in
            guard case .path(let path) = source.origin, snapshots[source.name.value] == nil else { return nil }
            return Diagnostic(
                .missingFile, "the file '\(path.value)' cannot be read", at: path.span, label: "no such file",
                help: lookalikes[source.name.value]
                    ?? "paths start at the folder of the recipe that names them, and end at a file or at a folder with a model")
        }
    }
}

/// A source file, or a folder of them, as it was when the plan was made. The plan never reads files itself.
package struct SourceSnapshot: Hashable, Sendable {
    /// The file under its own name, or the files of a folder under their paths.
    package var files: [FixedOutput.File]
    package var isFolder: Bool
    /// Absolute: where the bytes can be read again.
    package var path: String

    package init(file: String, digest: Digest, path: String) {
        (files, isFolder, self.path) = ([FixedOutput.File(path: file, digest: digest)], false, path)
    }

    /// - Parameter files: at least one.
    package init(folder path: String, files: [FixedOutput.File]) { (self.files, isFolder, self.path) = (files, true, path) }
}
