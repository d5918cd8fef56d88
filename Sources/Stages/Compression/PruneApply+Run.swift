import CanonicalJSON
import Engine
import Planner

extension PruneApply: RunnableStage {
    public var limitation: String? { method == .depth ? nil : "pruning by \(method.rawValue) is not in this version yet" }

    public func run(in context: StageContext) throws {
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
        try context.write(model.removing(pruning), tokenizerFrom: "model")
        let removed = 1 - Double(pruning.parametersAfter) / Double(pruning.parametersBefore)
        try context.write(
            [
                "removed_layers": .array(pruning.removedLayers.map { .integer(Int64($0)) }),
                "parameters_before": .integer(Int64(pruning.parametersBefore)),
                "parameters_after": .integer(Int64(pruning.parametersAfter)),
                "ratio_asked": ratio.map(JSON.number) ?? .null, "ratio_removed": .number(removed),
            ], to: "pruning.json")
    }

    private func share(of model: Model) -> String {
        let layer = model.parameters.filter { $0.name.hasPrefix("model.layers.0.") }.reduce(0) { $0 + $1.count }
        return "\((Double(layer) / Double(model.parameterCount) * 1000).rounded() / 10)%"
    }
}
