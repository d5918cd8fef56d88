import BuildModel
import RecipeLanguage
import Words

extension Lowering {
    /// The pruned models and those recovered after each, in order.
    mutating func addPruning(
        _ prune: PruneSection, of model: LoweredModel, from teacher: LoweredTeacher?, seed: Spanned<Int>, _ base: LoweredBase
    ) throws -> [LoweredModel] {
        var chain: [LoweredModel] = []
        let tutor = prune.teacher.value == .unpruned ? LoweredTeacher(unpruned: model) : teacher
        for cut in Self.cuts(of: prune) {
            let pruned = try addCut(cut, prune, of: chain.last ?? model, base)
            chain.append(pruned)
            var isFirst = true
            for step in prune.recover?.steps ?? [] {
                let last = chain.last ?? pruned
                let title: StageTitle =
                    isFirst ? .after(pruned.stage, ".recover") : .after(last.stage, ".\(step.method.value.word)")
                isFirst = false
                chain.append(try addStep(step, to: last, from: tutor, seed: seed, title, base))
            }
        }
        return chain
    }

    /// One removal: what it is called, what it asks for, where that is written.
    private struct Cut {
        var label: String
        var stage: PruneApply
        var origins: @Sendable () -> [Origin]
    }

    /// Ratios of a gradual pruning count from the unpruned model; each removal is given its share of what is left.
    private static func cuts(of prune: PruneSection) -> [Cut] {
        let method = prune.method.value
        let damping = method == .osscar ? prune.damping.value : nil
        switch prune.amount {
        case .layers(let layers):
            return [
                Cut(
                    label: "\(layers.value) layer\(layers.value == 1 ? "" : "s")",
                    stage: PruneApply(method: method, layers: layers.value), origins: { [Origin("layers", layers)] })
            ]
        case .shape(let hidden, let intermediate, let kvHeads):
            let sides = [hidden?.value, intermediate?.value].map { $0.map(String.init) ?? "·" }.joined(separator: "×")
            return [
                Cut(
                    label: kvHeads.map { "\(sides), \($0.value) kv" } ?? sides,
                    stage: PruneApply(
                        method: method, hidden: hidden?.value, intermediate: intermediate?.value, kvHeads: kvHeads?.value,
                        damping: damping),
                    origins: {
                        [
                            hidden.map { Origin("hidden", $0) }, intermediate.map { Origin("intermediate", $0) },
                            kvHeads.map { Origin("kv_heads", $0) },
                        ].compactMap { $0 }
                    })
            ]
        case .ratios(let ratios):
            var removed = 0.0
            return ratios.value.filter { $0.value > 0 }.map { ratio in
                let share = removed == 0 ? ratio.value : 1 - (1 - ratio.value) / (1 - removed)
                removed = ratio.value
                return Cut(
                    label: ratio.value.percentage,
                    stage: PruneApply(
                        method: method, ratio: share, granularity: .init(prune.granularity, of: method),
                        search: method == .width ? .init(prune.search) : nil, damping: damping),
                    origins: { [Origin("ratio", ratio)] })
            }
        }
    }

    /// Importance depends on neither ratio nor recovery, so that a sweep of ratios shares it.
    private mutating func addCut(
        _ cut: Cut, _ prune: PruneSection, of model: LoweredModel, _ base: LoweredBase
    ) throws -> LoweredModel {
        let importance = try builder.add(
            PruneScore(
                method: cut.stage.method.measure, samples: prune.samples.value, set: prune.data.value.rawValue,
                prompt: base.prompt.value),
            .after(model.stage, ".importance"),
            inputs: [.init(name: "model", stage: model.stage), .init(name: "data", stage: base.data)],
            work: base.work.pass(model.size, over: prune.data.value, atMost: prune.samples.value),
            origins: [
                Origin("method", prune.method), Origin("samples", prune.samples), Origin("set", prune.data),
                Origin("prompt", base.prompt),
            ])
        let stage = try builder.add(
            cut.stage, .after(model.stage, ".prune[\(cut.label)]"),
            inputs: [.init(name: "model", stage: model.stage), .init(name: "scores", stage: importance)],
            work: cut.stage.runsModel
                ? base.work.pass(model.size, over: prune.data.value, atMost: prune.samples.value, times: 3) : 0,
            origins: [
                Origin("method", prune.method), Origin("granularity.hidden", prune.granularity.hidden),
                Origin("granularity.intermediate", prune.granularity.intermediate),
                Origin("search.tolerance", prune.search.tolerance), Origin("search.samples", prune.search.samples),
                Origin("damping", prune.damping),
            ] + cut.origins())
        return LoweredModel(stage: stage, size: model.size, answer: model.answer)
    }

    mutating func addQuantization(
        _ quantize: QuantizeSection, of model: LoweredModel, _ base: LoweredBase
    ) throws -> LoweredModel {
        let scheme = quantize.scheme.value
        let method = quantize.method.value
        var inputs = [Stage.Input(name: "model", stage: model.stage)]
        let samples = quantize.calibrationSamples
        let set = quantize.data.value.rawValue
        let isLive = method.readsHessians && quantize.prefix.value == .quantized
        let work = base.work.pass(model.size, over: quantize.data.value, atMost: samples.value, times: 2)
        let calibrationOrigins = [Origin("samples", samples), Origin("set", quantize.data), Origin("prompt", base.prompt)]
        if isLive {
            inputs.append(.init(name: "data", stage: base.data))
        } else if method != .roundToNearest {
            let calibration = try builder.add(
                QuantCalibrate(samples: samples.value, set: set, prompt: base.prompt.value),
                .after(model.stage, ".statistics"),
                inputs: [.init(name: "model", stage: model.stage), .init(name: "data", stage: base.data)],
                work: work, origins: calibrationOrigins)
            inputs.append(.init(name: "statistics", stage: calibration))
        }
        let stage = try builder.add(
            QuantApply(
                scheme: scheme, method: method, groupSize: quantize.groupSize.value, ignore: quantize.ignore.value,
                damping: method.readsHessians ? quantize.damping.value : nil,
                activationOrder: method == .gptq ? quantize.activationOrder.value : nil,
                smoothing: method == .smoothQuant ? quantize.smoothing.value : nil,
                iterations: method == .quantEase ? quantize.iterations.value : nil,
                prefix: isLive ? .init(samples: samples.value, set: set, prompt: base.prompt.value) : nil),
            .after(model.stage, ".\(scheme.rawValue)"), inputs: inputs, work: isLive ? work : 0,
            origins: [
                Origin("scheme", quantize.scheme), Origin("method", quantize.method),
                Origin("group_size", quantize.groupSize), Origin("ignore", quantize.ignore),
                Origin("damping", quantize.damping), Origin("activation_order", quantize.activationOrder),
                Origin("smoothing", quantize.smoothing), Origin("iterations", quantize.iterations),
                Origin("prefix", quantize.prefix), Origin("prefix.samples", samples), Origin("prefix.set", quantize.data),
                Origin("prefix.prompt", base.prompt),
            ])
        return LoweredModel(stage: stage, size: model.size, answer: model.answer)
    }
}

extension PruneApply.Granularity {
    /// `nil` for layers, which have none.
    fileprivate init?(_ granularity: PruneSection.Granularity, of method: PruneMethod) {
        if method == .depth { return nil }
        self.init(
            hidden: method == .width ? granularity.hidden.value : nil, intermediate: granularity.intermediate.value)
    }
}

extension PruneApply.Search {
    fileprivate init(_ search: PruneSection.Search) {
        self.init(tolerance: search.tolerance.value, samples: search.samples.value)
    }
}
