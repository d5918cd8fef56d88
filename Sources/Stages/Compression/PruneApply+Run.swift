import CanonicalJSON
import Engine
import Kinds

extension PruneApply: RunnableStage {
    package func run(in context: StageContext) throws {
        switch method {
        case .depth: try removeLayers(in: context)
        case .width: try removeChannels(in: context)
        case .osscar, .magnitude, .activation: try removeNeurons(in: context)
        }
    }

    private func removeLayers(in context: StageContext) throws {
        let model = try context.modelFolder("model").model()
        guard let scores = try context.readJSON("scores", "scores.json")["layers"]?.array else {
            throw StageFailure("scores/scores.json has no list of layers")
        }
        let importance = scores.map { $0.double ?? .nan }
        let pruning =
            if let layers {
                try DepthPruning(model.configuration, importance: importance, layers: layers)
            } else {
                try DepthPruning(model.configuration, importance: importance, ratio: ratio ?? 0)
            }
        guard !pruning.removedLayers.isEmpty else {
            throw StageFailure(
                "a ratio of \(ratio ?? 0) is nearer to no layer than to one; a layer is \(share(of: model)) of this model's "
                    + "parameters")
        }
        let smaller = try model.removing(pruning)
        try context.write(smaller, tokenizerFrom: "model")
        try context.write(
            .object(
                counts(before: model, after: smaller).merging([
                    "removed_layers": .array(pruning.removedLayers.map { .integer(Int64($0)) })
                ]) { $1 }), to: "pruning.json")
    }

    /// What `pruning.json` says whatever the method.
    func counts(before: Model, after: Model) -> [String: JSON] {
        let removed = 1 - Double(after.parameterCount) / Double(before.parameterCount)
        return [
            "parameters_before": .integer(Int64(before.parameterCount)),
            "parameters_after": .integer(Int64(after.parameterCount)),
            "ratio_asked": ratio.map(JSON.number) ?? .null, "ratio_removed": .number(removed),
        ]
    }

    private func share(of model: Model) -> String {
        let layer = model.parameters.filter { $0.name.hasPrefix("model.layers.0.") }.reduce(0) { $0 + $1.count }
        return "\((Double(layer) / Double(model.parameterCount) * 1000).rounded() / 10)%"
    }
}
