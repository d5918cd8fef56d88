import CanonicalJSON
import Engine
import Planner

extension PruneApply {
    /// `osscar`, `magnitude`, `activation`: the same number of neurons of every layer, with OSSCAR key/value heads too.
    func removeNeurons(in context: StageContext) throws {
        let model = try context.modelFolder("model").model()
        let configuration = model.configuration
        let left = try intermediate ?? ratio.map { try neurons(for: $0, configuration) } ?? configuration.intermediateSize
        let calibration = try CalibrationSequences(reading: context.input("scores", CalibrationSequences.file))
        let pruning = try LayerwisePruning(
            running(model, in: context), choosing: try choice(of: left, model, in: context), on: calibration.sequences,
            workers: context.workers)
        let (smaller, layers) = try pruning.run(
            checkpoint: context.resultCheckpoint(of: configuration.layerCount, unit: "layer"))
        try context.write(smaller, tokenizerFrom: "model")
        var members = counts(before: model, after: smaller)
        members["method"] = .string(method.rawValue)
        members["shape_before"] = Self.shape(of: configuration)
        members["shape_after"] = Self.shape(of: smaller.configuration)
        members["layers"] = .array(layers.map { $0.json(of: configuration) })
        try context.write(.object(members), to: "pruning.json")
    }

    private func choice(of left: Int, _ model: Model, in context: StageContext) throws -> LayerwiseChoice {
        switch method {
        case .magnitude: return .given(neurons: try model.neuronMagnitudes.places(ofLargest: left))
        case .activation:
            let importance = try ChannelImportance(scores: context.readJSON("scores", "scores.json"))
            return .given(neurons: try importance.intermediate.places(ofLargest: left))
        default:
            return .reconstruction(
                intermediate: left, keyValueHeads: kvHeads ?? model.configuration.keyValueHeadCount, damping: damping ?? 0.01)
        }
    }

    /// As many neurons as leave the share of parameters that comes nearest.
    private func neurons(for ratio: Double, _ configuration: ModelConfiguration) throws -> Int {
        let grid = ShapeGrid(configuration, hiddenStep: 0, intermediateStep: granularity?.intermediate ?? 1)
        guard let nearest = grid.nearest(to: ratio), nearest.intermediate < configuration.intermediateSize else {
            let smallest = grid.shapes.dropFirst().first.map { percent(grid.ratio(of: $0)) }
            throw StageFailure(
                "a ratio of \(percent(ratio)) is nearer to no neuron than to \(granularity?.intermediate ?? 1) a layer, which "
                    + "are \(smallest ?? "all"): change 'prune.ratio' or 'prune.granularity.intermediate'")
        }
        return nearest.intermediate
    }
}

extension LayerwiseResult {
    fileprivate func json(of configuration: ModelConfiguration) -> JSON {
        [
            "feed_forward_error": .number(feedForwardError), "attention_error": .number(attentionError),
            "removed_neurons": PruneApply.list(Set(0..<configuration.intermediateSize).subtracting(neurons)),
            "removed_kv_heads": PruneApply.list(Set(0..<configuration.keyValueHeadCount).subtracting(keyValueHeads)),
        ]
    }
}
