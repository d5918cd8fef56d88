import CanonicalJSON
import Engine
import Planner

extension PruneApply {
    /// `width`: to a shape that is given, or to the best of those that come near the ratio.
    func removeChannels(in context: StageContext) throws {
        let model = try context.modelFolder("model").model()
        let configuration = model.configuration
        let importance = try ChannelImportance(scores: context.readJSON("scores", "scores.json"))
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
        try context.write(.object(members), to: "pruning.json")
    }

    private func search(
        _ search: Search, _ model: Model, _ importance: ChannelImportance, in context: StageContext
    ) throws -> WidthSearch {
        let (wanted, steps) = (ratio ?? 0, granularity ?? Granularity(hidden: 64, intermediate: 256))
        let grid = ShapeGrid(
            model.configuration, hiddenStep: steps.hidden ?? 0, intermediateStep: steps.intermediate)
        let shapes = grid.shapes(near: wanted, within: search.tolerance)
        guard !shapes.isEmpty else {
            let nearest = grid.nearest(to: wanted).map {
                "\($0.hidden)×\($0.intermediate), which is \(percent(grid.ratio(of: $0)))"
            }
            throw StageFailure(
                "no shape in steps of \(steps.hidden ?? 0)×\(steps.intermediate) channels removes \(percent(wanted)) of the "
                    + "parameters to within \(percent(search.tolerance)); the nearest is \(nearest ?? "none"): change "
                    + "'prune.ratio', 'prune.granularity' or 'prune.search.tolerance'")
        }
        let calibration = try CalibrationSequences(reading: context.input("scores", CalibrationSequences.file))
        return try WidthSearch(
            of: shapes, running(model, in: context), by: importance, on: Array(calibration.sequences.prefix(search.samples)),
            workers: context.workers, checkpoint: context.resultCheckpoint(of: shapes.count, unit: "shape"))
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
            "hidden": .integer(Int64(configuration.hiddenSize)),
            "intermediate": .integer(Int64(configuration.intermediateSize)),
            "heads": .integer(Int64(configuration.headCount)),
            "kv_heads": .integer(Int64(configuration.keyValueHeadCount)),
        ]
    }

    static func list(_ numbers: some Sequence<Int>) -> JSON { .array(numbers.sorted().map { .integer(Int64($0)) }) }
}

extension WidthCandidate {
    fileprivate func json(of model: Model) -> JSON {
        [
            "hidden": .integer(Int64(shape.hidden)), "intermediate": .integer(Int64(shape.intermediate)),
            "parameters": .integer(Int64(shape.parameters)),
            "ratio": .number(1 - Double(shape.parameters) / Double(model.parameterCount)),
            "perplexity": perplexity.isFinite ? .number(perplexity) : .null,
        ]
    }
}
