import BuildModel
import RecipeLanguage

extension Lowering {
    /// The pruned model. Importance depends on neither ratio nor recovery, so that a sweep of ratios shares it.
    mutating func addPruning(_ prune: PruneSection, of model: StageID, _ base: LoweredBase) throws -> StageID {
        let method = PruneMethod(prune.method.value)
        let importance = try builder.add(
            PruneScore(method: method, samples: prune.samples.value, prompt: base.prompt.value), .after(model, ".importance"),
            inputs: [.init(name: "model", stage: model), .init(name: "data", stage: base.data)],
            origins: [Origin("method", prune.method), Origin("samples", prune.samples), Origin("prompt", base.prompt)])
        return try builder.add(
            PruneApply(method: method, ratio: prune.ratio.value), .after(model, ".prune[\(prune.ratio.value.percentage)]"),
            inputs: [.init(name: "model", stage: model), .init(name: "scores", stage: importance)],
            origins: [Origin("method", prune.method), Origin("ratio", prune.ratio)])
    }

    mutating func addQuantization(_ quantize: QuantizeSection, of model: StageID) throws -> StageID {
        let scheme: QuantApply.Scheme = quantize.scheme.value == .w4a16 ? .w4a16 : .w8a16
        return try builder.add(
            QuantApply(
                scheme: scheme, method: .init(quantize.method.value), groupSize: quantize.groupSize.value,
                ignore: quantize.ignore.value),
            .after(model, ".\(scheme.rawValue)"), inputs: [.init(name: "model", stage: model)],
            origins: [
                Origin("scheme", quantize.scheme), Origin("method", quantize.method),
                Origin("group_size", quantize.groupSize), Origin("ignore", quantize.ignore),
            ])
    }
}
