import BuildModel
import Diagnostics
import RecipeLanguage
import Stages

/// Stages of a graph that this version cannot run, and the fields that ask for them.
struct StageLimitations {
    private var found: [(stage: Stage, limitation: Limitation)] = []

    init(of graph: Graph, among ids: [StageID]) {
        var known: [[UInt8]: Limitation?] = [:]
        for id in ids where graph[id].fixedOutput == nil {
            let stage = graph[id]
            let identity = Array(stage.kind.utf8) + stage.canonicalParameters
            let limitation = known[identity] ?? StageCatalogue.standard.limitation(of: stage.kind, stage.parameters)
            known[identity] = limitation
            if let limitation { found.append((stage, limitation)) }
        }
    }

    /// Stage by stage.
    var lines: [String] {
        found.map { stage, limitation in
            let place = Self.origin(of: limitation, in: stage).map { " (\($0.file):\($0.line):\($0.column))" } ?? ""
            return "\(stage.name): \(limitation.words)\(place)"
        }
    }

    /// Field by field: each is said once, however many stages it makes.
    func diagnostics(in recipe: Recipe) -> [Diagnostic] {
        var stages: [Finding: [String]] = [:]
        for (stage, limitation) in found {
            stages[Finding(limitation: limitation, origin: Self.origin(of: limitation, in: stage)), default: []].append(
                stage.name)
        }
        return stages.map { finding, names in
            Diagnostic(
                code: "not-yet", finding.limitation.words, at: Self.span(of: finding.origin, in: recipe),
                help: "leave it out; it is asked for by " + names.prefix(3).joined(separator: ", ")
                    + (names.count > 3 ? " and \(names.count - 3) more stages" : ""))
        }.sortedByPosition()
    }

    private struct Finding: Hashable {
        var limitation: Limitation
        var origin: Origin?
    }

    private static func origin(of limitation: Limitation, in stage: Stage) -> Origin? {
        stage.origins.first { limitation.parameter == nil || $0.parameter == limitation.parameter }
    }

    private static func span(of origin: Origin?, in recipe: Recipe) -> SourceSpan {
        let source = ([recipe.text] + recipe.bases).first { $0.path == origin?.file }
        guard let origin, let source else { return recipe.text.span(0..<0) }
        return source.word(line: origin.line, column: origin.column)
    }
}
