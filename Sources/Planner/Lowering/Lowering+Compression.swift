import BuildModel
import Declarations
import Kinds
import RecipeLanguage

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
                // A step that names the recipe's teacher learns from it.
                let own = step.teacher == nil ? tutor : teacher
                chain.append(try addStep(step, to: last, from: own, seed: seed, title, base))
            }
        }
        return chain
    }

    /// One removal, and what it is called.
    private struct Cut {
        var label: String
        var kind: PruneApply
    }

    /// Ratios of a gradual pruning count from the unpruned model; each removal is given its share of what is left.
    private static func cuts(of prune: PruneSection) -> [Cut] {
        guard case .ratios(let ratios) = prune.amount else { return [Cut(label: prune.apply.amountLabel, kind: prune.apply)] }
        var removed = 0.0
        return ratios.value.filter { $0.value > 0 }.map { ratio in
            let share = removed == 0 ? ratio.value : 1 - (1 - ratio.value) / (1 - removed)
            removed = ratio.value
            var kind = prune.apply
            kind.$ratio = ratios.map { _ in share }
            return Cut(label: ratio.value.percentage, kind: kind)
        }
    }

    /// Importance depends on neither ratio nor recovery, so that a sweep of ratios shares it.
    private mutating func addCut(
        _ cut: Cut, _ prune: PruneSection, of model: LoweredModel, _ base: LoweredBase
    ) throws -> LoweredModel {
        var score = prune.score
        score.$prompt = base.prompt
        let importance = try builder.add(
            score, .after(model.stage, ".importance"),
            inputs: [.init(name: "model", stage: model.stage), .init(name: "data", stage: base.lessons(of: model))],
            workload: base.workload(of: model))
        var pruned = model
        pruned.stage = try builder.add(
            cut.kind, .after(model.stage, ".prune[\(cut.label)]"),
            inputs: [.init(name: "model", stage: model.stage), .init(name: "scores", stage: importance)],
            workload: base.workload(of: model).reading(score.set, atMost: score.samples))
        return pruned
    }

    mutating func addQuantization(
        _ quantize: QuantizeSection, of model: LoweredModel, _ base: LoweredBase
    ) throws -> LoweredModel {
        var kind = quantize.apply
        kind.prefix?.$prompt = base.prompt
        var inputs = [Stage.Input(name: "model", stage: model.stage)]
        let workload = base.workload(of: model)
        if kind.prefix != nil {
            inputs.append(.init(name: "data", stage: base.lessons(of: model)))
        } else if kind.method != .roundToNearest {
            var calibrate = quantize.calibrate
            calibrate.$prompt = base.prompt
            let calibration = try builder.add(
                calibrate, .after(model.stage, ".statistics"),
                inputs: [.init(name: "model", stage: model.stage), .init(name: "data", stage: base.lessons(of: model))],
                workload: workload)
            inputs.append(.init(name: "statistics", stage: calibration))
        }
        var quantized = model
        quantized.stage = try builder.add(
            kind, .after(model.stage, ".\(kind.scheme.rawValue)"), inputs: inputs, workload: workload)
        return quantized
    }
}

extension PruneApply {
    /// `2 layers`, `64×·, 1 kv`: how much goes, where it is no ratio.
    fileprivate var amountLabel: String {
        if let layers { return "\(layers) layer\(layers == 1 ? "" : "s")" }
        let sides = [hidden, intermediate].map { $0.map(String.init) ?? "·" }.joined(separator: "×")
        return kvHeads.map { "\(sides), \($0) kv" } ?? sides
    }
}
