import BuildModel
import Kinds
import Stages
import Store

/// The README.md of an exported model, as the Hugging Face hub reads it: a head for programs, then what a person asks first.
struct ModelCard {
    let history: ArtifactHistory

    init(_ history: ArtifactHistory) { self.history = history }

    var text: String {
        ([FrontMatter.text(head) + "\n# \(name)\n", introduction] + [making, sources, metrics, recipe].compactMap { $0 })
            .joined(separator: "\n")
    }

    var name: String { history.build?.recipe ?? history.target.name }

    private var introduction: String {
        let description = history.recipe?.description.value ?? ""
        let commit = history.target.record.commit
        var lines = description.isEmpty ? [] : [description, ""]
        lines += [
            "A small language model that Decant compiled from the recipe below: the target `\(history.target.name)`, "
                + "stage commit `\(commit)`, artifact `\(history.target.record.artifact.digest)`."
                + (history.build.map { " Built by the commit `\($0.commit)`." } ?? "")
        ]
        if let teacher { lines += ["", teacher] }
        return lines.joined(separator: "\n") + "\n"
    }

    /// A sentence about the teacher; `nil` if the model learned from no model.
    private var teacher: String? {
        if let repository = history.sources.first(where: { isModel($0) && teaches($0.stage.commit) })?.repository {
            return "Its teacher is `\(repository)`, corrected on the task's data as listed below."
        }
        let asked = history.stages(of: EndpointSample.name).first?.record.action.parameters
        if let endpoint = asked?["endpoint"]?["model"]?.string {
            return "It learned from answers of `\(endpoint)`, recorded behind an endpoint."
        }
        guard let teacher = teachers.first, let stage = history.lineage[teacher] else { return nil }
        let shape = ancestor(of: teacher, kind: ModelInit.name)?.record.action.parameters["shape"]
        let size = shape.flatMap { shape in
            shape["layers"]?.integer.flatMap { layers in
                shape["hidden"]?.integer.map { " (\(layers) layers of width \($0))" }
            }
        }
        let isOwn = ancestor(of: teacher, kind: ModelImport.name) == nil
        return "Its teacher is `\(history.names[teacher])`\(size ?? ""), which the same recipe made with "
            + "`\(stage.record.action.kind)`" + (isOwn ? ", from scratch." : ".")
    }

    /// Stages whose models others learned from.
    private var teachers: [CommitID] {
        history.lineage.stages.flatMap { stage -> [CommitID] in
            let role = stage.record.action.kind == Sample.name ? "model" : "teacher"
            return stage.inputs.filter { $0.name == role }.map(\.commit)
        }.uniqued
    }

    private func teaches(_ source: CommitID) -> Bool {
        teachers.contains { ancestor(of: $0) { $0.commit == source } != nil }
    }

    private func ancestor(of commit: CommitID, kind: String) -> Lineage.Stage? {
        ancestor(of: commit) { $0.record.action.kind == kind }
    }

    /// The nearest stage among those that a stage was made from, the stage itself included.
    private func ancestor(of commit: CommitID, where matches: (Lineage.Stage) -> Bool) -> Lineage.Stage? {
        var open = [commit]
        var seen: Set<CommitID> = []
        while !open.isEmpty {
            let next = open.removeFirst()
            guard seen.insert(next).inserted, let stage = history.lineage[next] else { continue }
            if matches(stage) { return stage }
            open += stage.inputs.map(\.commit)
        }
        return nil
    }

    private var making: String? {
        let stages = history.lineage.stages.filter { !$0.record.action.kind.hasPrefix("source.") }
        let lines = stages.map { stage in
            let action = stage.record.action
            let parameters = KindCatalogue.standard.departures(of: action.kind, action.parameters).fields
            let cells = [
                "`\(history.names[stage.commit])`", "`\(action.kind)`", parameters.isEmpty ? "" : "`\(parameters)`",
                "`\(stage.commit.short)`",
            ]
            return "| " + cells.map(Self.cell).joined(separator: " | ") + " |"
        }
        return
            (["## How it was made", ""]
            + ["| stage | kind | parameters that are not defaults | commit |", "|---|---|---|---|"] + lines)
            .joined(separator: "\n") + "\n"
    }

    private var sources: String? {
        guard !history.sources.isEmpty else { return nil }
        let lines = history.sources.flatMap { source in
            source.files.map { file in
                "- `\(source.name)`: `\(file.path)`\(source.uri.map { " from \($0)" } ?? ""), SHA-256 `\(file.digest)`"
            }
        }
        return (["## Sources", ""] + lines).joined(separator: "\n") + "\n"
    }

    private var metrics: String? {
        guard let report = history.report else { return nil }
        let own = history.row?["name"]?.string.map { "This model is the row `\($0)`.\n\n" } ?? ""
        return "## Metrics\n\n\(own)\(ReportTable(report).markdown)"
    }

    private var recipe: String? {
        guard let texts = history.texts else { return nil }
        // A fence longer than any in the text.
        var fence = "```"
        while texts.recipe.contains(fence) { fence += "`" }
        let text = texts.recipe.hasSuffix("\n") ? texts.recipe : texts.recipe + "\n"
        return "## Recipe\n\n`decant build recipe.yaml`, with the sources above beside it, gives the same stage commits.\n\n"
            + "\(fence)yaml\n\(text)\(fence)\n"
    }

    /// Text that does not end a table's cell.
    private static func cell(_ text: String) -> String { text.replacing("|", with: "\\|").replacing("\n", with: " ") }
}
