import CanonicalJSON
import Kinds
import Planner
import Store

/// What the hub reads off a model card.
extension ModelCard {
    /// The fields of the front matter, in the order in which they stand.
    var head: [(String, JSON?)] {
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

    /// Whether a source was read as a model.
    func isModel(_ source: RecordedSource) -> Bool {
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
}

extension Array where Element: Hashable {
    /// Each once, where it first stands.
    var uniqued: [Element] {
        var seen: Set<Element> = []
        return filter { seen.insert($0).inserted }
    }
}
