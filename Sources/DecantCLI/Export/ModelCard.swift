import BuildModel
import CanonicalJSON
import Planner
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

    private var name: String { history.build?.recipe ?? history.target.name }

    // MARK: Head

    private var head: [(String, JSON?)] {
        [
            ("library_name", "transformers"), ("pipeline_tag", "text-generation"),
            ("base_model", baseModel),
            ("datasets", strings(dataSets)), ("tags", strings(tags)), ("model-index", index),
        ]
    }

    private var baseModel: JSON? {
        let models = baseModels
        // JSON has a null of its own, which is not meant here.
        guard let first = models.first else { return .none }
        return models.count == 1 ? .string(first) : strings(models)
    }

    private func strings(_ texts: [String]) -> JSON { .array(texts.map(JSON.string)) }

    /// Repositories of the hub that some model was imported from.
    private var baseModels: [String] {
        history.sources.filter { isModel($0) }.compactMap(\.repository).uniqued
    }

    /// Repositories of the hub that were read as anything but a model.
    private var dataSets: [String] {
        history.sources.filter { !isModel($0) }.compactMap(\.repository).uniqued
    }

    private func isModel(_ source: RecordedSource) -> Bool {
        history.readers(of: source.stage.commit).contains { $0.stage.record.action.kind == ModelImport.name }
    }

    private var tags: [String] {
        let words = [
            (KDTrain.name, "knowledge-distillation"), (KDOnPolicy.name, "knowledge-distillation"),
            (RLTrain.name, "reinforcement-learning"), (DPOTrain.name, "dpo"), (PruneApply.name, "pruning"),
            (QuantApply.name, "quantization"),
        ]
        let kinds = Set(history.lineage.stages.map(\.record.action.kind))
        let schemes = history.stages(of: QuantApply.name).compactMap {
            $0.record.action.parameters["scheme"]?.string?.lowercased()
        }
        return (["decant", "function-calling"] + words.filter { kinds.contains($0.0) }.map(\.1) + schemes).uniqued
    }

    /// The hub's form of the report's row of this model; `nil` without one.
    private var index: JSON? {
        guard let row = history.row, let sets = row["sets"]?.object else { return .none }
        let names: [(key: String, type: String, name: String)] = [
            ("ar", "accuracy", "answers accepted by the judge"), ("exact", "exact_match", "exact match"),
        ]
        let results = sets.sorted { $0.key < $1.key }.compactMap { set, scores -> JSON? in
            let metrics = names.compactMap { metric in
                scores[metric.key]?.double.map { value -> JSON in
                    ["type": .string(metric.type), "name": .string(metric.name), "value": .number(value)]
                }
            }
            guard !metrics.isEmpty else { return .none }
            return [
                "task": ["type": "text-generation", "name": "function calling"],
                "dataset": ["type": .string(name), "name": .string(name), "split": .string(set)],
                "metrics": .array(metrics),
            ]
        }
        guard !results.isEmpty else { return .none }
        return [["name": .string(name), "results": .array(results)]]
    }

    // MARK: Body

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

    /// Whom the model learned from, in words; `nil` where it learned from no model.
    private var teacher: String? {
        if let repository = history.sources.first(where: { isModel($0) && teaches($0.stage.commit) })?.repository {
            return "Its teacher is `\(repository)`, corrected on the task's data as listed below."
        }
        if let endpoint = history.stages(of: EndpointSample.name).first?.record.action.parameters["endpoint"]?["model"]?.string {
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

    /// The nearest stage that a model's weights came through, or that lies above it.
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
            let parameters = KindDefaults.departures(of: action.kind, action.parameters).fields
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

extension Array where Element: Hashable {
    /// Each once, where it first stands.
    fileprivate var uniqued: [Element] {
        var seen: Set<Element> = []
        return filter { seen.insert($0).inserted }
    }
}
