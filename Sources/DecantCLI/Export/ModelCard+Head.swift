import CanonicalJSON
import Kinds
import Stages
import Store

/// What the hub reads off a model card.
extension ModelCard {
    /// The fields of the front matter, in their order.
    var head: [(String, JSON?)] {
        [
            ("library_name", "transformers"), ("pipeline_tag", "text-generation"),
            ("base_model", baseModel),
            ("datasets", strings(dataSets)), ("tags", strings(tags)), ("model-index", index),
        ]
    }

    private var baseModel: JSON? {
        let models = baseModels
        // Not JSON's own null.
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
            (KDTrain.name, "knowledge-distillation"), (KDDirect.name, "knowledge-distillation"),
            (KDOnPolicy.name, "knowledge-distillation"),
            (RLTrain.name, "reinforcement-learning"), (DPOTrain.name, "dpo"), (PruneApply.name, "pruning"),
            (PruneVocabulary.name, "pruning"), (QuantApply.name, "quantization"),
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
        let results = sets.keys.sorted().compactMap { set -> JSON? in
            let metrics = Metric.all.filter(\.isOfSets).compactMap { metric -> JSON? in
                guard let hub = metric.hubName, let value = metric.figure(in: row, on: set) else { return .none }
                return ["type": .string(hub.type), "name": .string(hub.name), "value": .number(value)]
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
    /// Each element once, at its first place.
    var uniqued: [Element] {
        var seen: Set<Element> = []
        return filter { seen.insert($0).inserted }
    }
}

/// YAML for the head of a model card: mappings and lists line by line, texts always in quotes.
enum FrontMatter {
    /// Fields in the order given, those without a value left out.
    static func text(_ fields: [(String, JSON?)]) -> String {
        let lines = fields.flatMap { name, value in value.map { field(name, $0, indentation: "") } ?? [] }
        return (["---"] + lines + ["---"]).joined(separator: "\n") + "\n"
    }

    private static func field(_ name: String, _ value: JSON, indentation: String) -> [String] {
        let nested = lines(of: value, indentation: indentation + "  ")
        return nested.map { ["\(indentation)\(name):"] + $0 } ?? ["\(indentation)\(name): \(value.canonicalText)"]
    }

    /// `nil` for a value on one line.
    private static func lines(of value: JSON, indentation: String) -> [String]? {
        switch value {
        case .object(let object) where !object.members.isEmpty:
            return value.sortedMembers.flatMap { field($0.key, $0.value, indentation: indentation) }
        case .array(let elements) where !elements.isEmpty:
            return elements.flatMap { element in
                guard var lines = lines(of: element, indentation: indentation + "  ") else {
                    return ["\(indentation)- \(element.canonicalText)"]
                }
                // The first line is beside the dash.
                lines[0] = "\(indentation)- \(lines[0].dropFirst(indentation.count + 2))"
                return lines
            }
        default: return nil
        }
    }
}
