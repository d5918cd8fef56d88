import BuildModel
import Diagnostics
import Planner
import RecipeLanguage
import Testing

/// Sources of the fixtures; content stands for a file's bytes.
let fixtureHeader = """
    decant: 1
    name: smart-home
    sources:
      functions: {path: smart-home/functions.yaml}
      utterances: {path: smart-home/utterances.yaml}
    data:
      generate: {functions: functions, templates: utterances, count: 2k}

    """

/// Reads and plans a recipe that must be right.
///
/// - Parameter further: sources beside those of `fixtureHeader`, files all of them.
func plan(
    _ body: String, header: String = fixtureHeader, functionsContent: String = "functions", further: [String] = [],
    sourceLocation: SourceLocation = #_sourceLocation
) throws -> Graph {
    let reading = RecipeReader.read(SourceText(path: "recipe.yaml", text: header + body))
    let recipe = try #require(
        reading.recipe, "\(DiagnosticRenderer.render(reading.diagnostics))", sourceLocation: sourceLocation)
    var snapshots = [
        "functions": SourceSnapshot(
            file: "functions.yaml", digest: Digest(hashing: functionsContent), path: "/recipes/smart-home/functions.yaml"),
        "utterances": SourceSnapshot(
            file: "utterances.yaml", digest: Digest(hashing: "utterances"), path: "/recipes/smart-home/utterances.yaml"),
    ]
    for name in further {
        snapshots[name] = SourceSnapshot(file: name, digest: Digest(hashing: name), path: "/recipes/\(name)")
    }
    let planning = try Planner.plan(recipe, sources: snapshots)
    return try #require(planning.graph, "\(DiagnosticRenderer.render(planning.diagnostics))", sourceLocation: sourceLocation)
}

/// What of a stage decides its key and its place: everything but origins.
struct StageShape: Hashable {
    var name: String
    var kind: String
    var parameters: String
    var inputs: [String]

    init(_ stage: Stage, in graph: Graph) {
        name = stage.name
        kind = "\(stage.kind)/\(stage.revision)"
        parameters = stage.parameters.canonicalText
        inputs = stage.inputs.map { "\($0.name)=\(graph[$0.stage].name)" }
    }
}

extension Graph {
    var names: [String] { stages.map(\.name) }
    var shapes: [StageShape] { stages.map { StageShape($0, in: self) } }

    /// A number that changes with a stage's parameters or those of anything before it: what the key does once all is built.
    var lineages: [String: Int] {
        var hashes: [Int] = []
        var byName: [String: Int] = [:]
        for stage in stages {
            var hasher = Hasher()
            hasher.combine(stage.kind)
            hasher.combine(stage.parameters.canonicalText)
            for input in stage.inputs {
                hasher.combine(input.name)
                hasher.combine(hashes[input.stage.index])
            }
            hashes.append(hasher.finalize())
            byName[stage.name] = hashes.last
        }
        return byName
    }

    /// Names of stages that another graph lacks or has otherwise.
    func changes(from old: Graph) -> Set<String> {
        let before = Set(old.lineages.values)
        return Set(lineages.filter { !before.contains($0.value) }.keys)
    }
}
