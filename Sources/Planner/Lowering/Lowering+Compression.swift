import BuildModel
import Declarations
import Kinds
import RecipeLanguage

extension Lowering {
    /// The pruned models and those recovered after each, turn by turn.
    mutating func addPruning(
        _ turns: [PruneTurn], of model: LoweredModel, from teacher: LoweredTeacher?, seed: Spanned<Int>, _ base: LoweredBase
    ) throws -> [LoweredModel] {
        var chain: [LoweredModel] = []
        for turn in turns {
            let tutor = turn.teacher.value == .unpruned ? LoweredTeacher(unpruned: model) : teacher
            for cut in Self.cuts(of: turn) {
                guard let pruned = try addCut(cut, turn, of: chain.last ?? model, base) else { return chain }
                chain.append(pruned)
                var isFirst = true
                for step in turn.recover?.steps ?? [] {
                    let last = chain.last ?? pruned
                    let title: StageTitle =
                        isFirst ? .after(pruned.stage, ".recover") : .after(last.stage, ".\(step.method.value.word)")
                    isFirst = false
                    // A step that names the recipe's teacher learns from it.
                    let own = step.teacher == nil ? tutor : teacher
                    chain.append(try addStep(step, to: last, from: own, seed: seed, title, base))
                }
            }
        }
        return chain
    }

    /// One removal, and what it is called.
    private struct Cut {
        var label: String
        var kind: PruneApply
    }

    /// Ratios of a gradual pruning count from the model that the turn begins with; each removal is given its share of what is
    /// left.
    private static func cuts(of turn: PruneTurn) -> [Cut] {
        guard case .ratios(let ratios) = turn.amount else { return [Cut(label: turn.apply.amountLabel, kind: turn.apply)] }
        var removed = 0.0
        return ratios.value.filter { $0.value > 0 }.map { ratio in
            let share = removed == 0 ? ratio.value : 1 - (1 - ratio.value) / (1 - removed)
            removed = ratio.value
            var kind = turn.apply
            kind.$ratio = ratios.map { _ in share }
            return Cut(label: ratio.value.percentage, kind: kind)
        }
    }

    /// Importance depends on neither ratio nor recovery, so that a sweep of ratios shares it. `nil` where a problem was found.
    private mutating func addCut(
        _ cut: Cut, _ turn: PruneTurn, of model: LoweredModel, _ base: LoweredBase
    ) throws -> LoweredModel? {
        guard let rows = try addCalibration(turn.data, of: model, base) else { return nil }
        if case .vocabulary(let kind) = turn.amount {
            return try addVocabulary(kind, on: rows, of: model, .after(model.stage, ".prune[\(kind.amountLabel)]"), base)
        }
        var score = turn.score
        (score.$set, score.$prompt, score.$length) = (rows.set, rows.prompt, rows.length)
        let input = Stage.Input(name: "model", stage: model.stage)
        let importance = try builder.add(
            score, .after(model.stage, ".importance"), inputs: [input, rows.input],
            workload: rows.workload(of: model, samples: score.samples, base))
        var kind = cut.kind
        var inputs = [input, Stage.Input(name: "scores", stage: importance)]
        if let data = turn.searchData, kind.searches {
            guard let rows = try addCalibration(data, of: model, base) else { return nil }
            kind.search?.$set = rows.set.map { rows.isText ? nil : $0 }
            kind.search?.$prompt = rows.prompt.map { rows.isText ? nil : $0 }
            kind.search?.$length = rows.length
            inputs.append(rows.input)
        }
        var pruned = model
        pruned.stage = try builder.add(
            kind, .after(model.stage, ".prune[\(cut.label)]"), inputs: inputs,
            workload: rows.workload(of: model, samples: score.samples, base).reading(score.set, atMost: score.samples))
        return pruned
    }

    /// - Returns: `nil` where a problem was found.
    mutating func addQuantization(
        _ quantize: QuantizeSection, of model: LoweredModel, _ base: LoweredBase
    ) throws -> LoweredModel? {
        checkGroups(quantize, of: base.pipeline)
        var kind = quantize.apply
        var inputs = [Stage.Input(name: "model", stage: model.stage)]
        var workload = base.workload(of: model)
        if kind.prefix != nil || kind.method != .roundToNearest {
            guard let rows = try addCalibration(quantize.data, of: model, base) else { return nil }
            workload = rows.workload(of: model, samples: quantize.calibrate.samples, base)
            if kind.prefix != nil {
                kind.prefix?.$set = rows.set
                kind.prefix?.$prompt = rows.prompt
                kind.prefix?.$length = rows.length
                inputs.append(rows.input)
            } else {
                var calibrate = quantize.calibrate
                (calibrate.$set, calibrate.$prompt, calibrate.$length) = (rows.set, rows.prompt, rows.length)
                let statistics = try builder.add(
                    calibrate, .after(model.stage, ".statistics"), inputs: inputs + [rows.input], workload: workload)
                inputs.append(.init(name: "statistics", stage: statistics))
            }
        }
        var quantized = model
        quantized.stage = try builder.add(
            kind, .after(model.stage, ".\(kind.scheme.rawValue)"), inputs: inputs, workload: workload)
        return quantized
    }
}

extension PruneApply {
    /// Whether shapes are compared.
    fileprivate var searches: Bool { method == .width && ratio != nil }

    /// `2 layers`, `64×·, 1 kv`: how much goes, where it is no ratio.
    fileprivate var amountLabel: String {
        if let layers { return "\(layers) layer\(layers == 1 ? "" : "s")" }
        let sides = [hidden, intermediate].map { $0.map(String.init) ?? "·" }.joined(separator: "×")
        return kvHeads.map { "\(sides), \($0) kv" } ?? sides
    }
}
