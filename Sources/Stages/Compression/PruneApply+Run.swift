import CanonicalJSON
import Engine
import Kinds

extension PruneApply: RunnableStage {
    private static let report = File<JSON>("pruning.json")
    package static let artifact: [Output] = [.model, .figures(report)]

    package func run(in context: StageContext) throws {
        switch method {
        case .depth: try removeLayers(in: context)
        case .width: try removeChannels(in: context)
        case .osscar, .magnitude, .activation: try removeNeurons(in: context)
        }
    }

    private func removeLayers(in context: StageContext) throws {
        let model = try context.modelFolder("model").model()
        guard let scores = try context.read(PruneScore.scores, from: "scores")["layers"]?.array else {
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
                    "removed_layers": .array(pruning.removedLayers.map { .count($0) })
                ]) { $1 }), to: Self.report)
    }

    /// What `pruning.json` says whatever the method.
    func counts(before: Model, after: Model) -> [String: JSON] {
        let removed = 1 - Double(after.parameterCount) / Double(before.parameterCount)
        return [
            "parameters_before": .count(before.parameterCount),
            "parameters_after": .count(after.parameterCount),
            "ratio_asked": ratio.map(JSON.number) ?? .null, "ratio_removed": .number(removed),
        ]
    }

    private func share(of model: Model) -> String {
        let layer = model.parameters.filter { $0.name.hasPrefix("model.layers.0.") }.reduce(0) { $0 + $1.count }
        return "\((Double(layer) / Double(model.parameterCount) * 1000).rounded() / 10)%"
    }
}

extension PruneApply {
    /// `width`: to a shape that is given, or to the best of those that come near the ratio.
    func removeChannels(in context: StageContext) throws {
        let model = try context.modelFolder("model").model()
        let configuration = model.configuration
        let importance = try ChannelImportance(scores: context.read(PruneScore.scores, from: "scores"))
        let found = try search.map { search in try self.search(search, model, importance, in: context) }
        let shape = found.map { $0.candidates[$0.best].shape }
        let selection = try ChannelSelection(
            configuration, hidden: shape?.hidden ?? hidden ?? configuration.hiddenSize,
            intermediate: shape?.intermediate ?? intermediate ?? configuration.intermediateSize, by: importance)
        let smaller = try model.keeping(selection)
        try context.write(smaller, tokenizerFrom: "model")
        var members = counts(before: model, after: smaller)
        members["method"] = .string(method.rawValue)
        members["shape_before"] = Self.shape(of: configuration)
        members["shape_after"] = Self.shape(of: smaller.configuration)
        members["removed_hidden"] = Self.list(Set(0..<configuration.hiddenSize).subtracting(selection.hidden))
        members["candidates"] = found.map { found in .array(found.candidates.map { $0.json(of: model) }) }
        try context.write(.object(members), to: Self.report)
    }

    private func search(
        _ search: Search, _ model: Model, _ importance: ChannelImportance, in context: StageContext
    ) throws -> WidthSearch {
        let wanted = ratio ?? 0
        let hiddenStep = granularity?.hidden ?? Granularity.standardHidden
        let intermediateStep = granularity?.intermediate ?? method.intermediateStep
        let grid = ShapeGrid(
            model.configuration, hiddenStep: hiddenStep, intermediateStep: intermediateStep)
        let shapes = grid.shapes(near: wanted, within: search.tolerance)
        guard !shapes.isEmpty else {
            let nearest = grid.nearest(to: wanted).map {
                "\($0.hidden)×\($0.intermediate), which is \(percent(grid.ratio(of: $0)))"
            }
            throw StageFailure(
                "no shape in steps of \(hiddenStep)×\(intermediateStep) channels removes \(percent(wanted)) of the "
                    + "parameters to within \(percent(search.tolerance)); the nearest is \(nearest ?? "none"): change "
                    + "'prune.ratio', 'prune.granularity' or 'prune.search.tolerance'")
        }
        return try WidthSearch(
            of: shapes, running(model, in: context), by: importance, on: sequences(search, in: context),
            workers: context.workers, checkpoint: context.resultCheckpoint(of: shapes.count, unit: "shape"))
    }

    /// What shapes are compared on: rows of a set or a text of the search's own, else the first of the scores'.
    private func sequences(_ search: Search, in context: StageContext) throws -> [[Int32]] {
        guard search.set != nil || search.length != nil else {
            return Array(try context.read(PruneScore.calibration, from: "scores").sequences.prefix(search.samples))
        }
        return try context.calibrationSequences(
            samples: search.samples, set: search.set ?? Calibration.standard.set,
            prompt: search.prompt ?? Calibration.standard.prompt, length: search.length)
    }

    /// The model in the action's numerics.
    func running(_ model: Model, in context: StageContext) -> InferenceModel {
        var inference = InferenceModel(model)
        inference.products = context.products
        return inference
    }

    func percent(_ share: Double) -> String { "\((share * 1000).rounded() / 10)%" }

    static func shape(of configuration: ModelConfiguration) -> JSON {
        [
            "hidden": .count(configuration.hiddenSize),
            "intermediate": .count(configuration.intermediateSize),
            "heads": .count(configuration.headCount),
            "kv_heads": .count(configuration.keyValueHeadCount),
        ]
    }

    static func list(_ numbers: some Sequence<Int>) -> JSON { .array(numbers.sorted().map { .count($0) }) }
}

extension WidthCandidate {
    fileprivate func json(of model: Model) -> JSON {
        [
            "hidden": .count(shape.hidden), "intermediate": .count(shape.intermediate),
            "parameters": .count(shape.parameters),
            "ratio": .number(1 - Double(shape.parameters) / Double(model.parameterCount)),
            "perplexity": perplexity.isFinite ? .number(perplexity) : .null,
        ]
    }
}

extension PruneApply {
    /// `osscar`, `magnitude`, `activation`: the same number of neurons of every layer, with OSSCAR key/value heads too.
    func removeNeurons(in context: StageContext) throws {
        let model = try context.modelFolder("model").model()
        let configuration = model.configuration
        let left = try intermediate ?? ratio.map { try neurons(for: $0, configuration) } ?? configuration.intermediateSize
        let calibration = try context.read(PruneScore.calibration, from: "scores")
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
        try context.write(.object(members), to: Self.report)
    }

    private func choice(of left: Int, _ model: Model, in context: StageContext) throws -> LayerwiseChoice {
        switch method {
        case .magnitude: return .given(neurons: try model.neuronMagnitudes.places(ofLargest: left))
        case .activation:
            let importance = try ChannelImportance(scores: context.read(PruneScore.scores, from: "scores"))
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
