import BuildModel
import RecipeLanguage

extension Lowering {
    /// Answers, scores and cost of a model, each under a title made of that word.
    mutating func evaluate(
        _ model: StageID, title: (String) -> StageTitle, _ base: LoweredBase
    ) throws -> EvaluatedModel {
        let evaluate = base.pipeline.evaluate
        let sets = evaluate.sets.value.map(\.value.rawValue)
        let answers = try builder.add(
            EvalGenerate(sets: sets, maxTokens: evaluate.maxTokens.value, prompt: base.prompt.value), title("answers"),
            inputs: [.init(name: "model", stage: model), .init(name: "data", stage: base.data)],
            origins: [
                Origin("sets", evaluate.sets), Origin("max_tokens", evaluate.maxTokens),
                Origin("prompt", base.prompt),
            ])
        let scores = try builder.add(
            EvalScore(judge: JudgeKind(base.pipeline.judge.kind.value), sets: sets), title("scores"),
            inputs: [.init(name: "data", stage: base.data), .init(name: "answers", stage: answers)],
            origins: [Origin("judge", base.pipeline.judge.kind), Origin("sets", evaluate.sets)])
        let cost = try builder.add(
            EvalCost(), title("cost"),
            inputs: [.init(name: "model", stage: model), .init(name: "answers", stage: answers)])
        return EvaluatedModel(scores: scores, cost: cost)
    }

    /// Teachers first, then the models of the variants' chains, each once.
    mutating func addReport(on variants: [LoweredVariant], names: [String]) throws -> StageID {
        var rows: [EvaluatedModel] = []
        for row in variants.compactMap(\.rows.first) + variants.flatMap({ $0.rows.dropFirst() }) where !rows.contains(row) {
            rows.append(row)
        }
        let evaluations = recipe.variants.map(\.pipeline.evaluate)
        let sets = Set(evaluations.flatMap { $0.sets.value.map(\.value) })
        let metrics = evaluations.first?.metrics.value.map(\.value.rawValue) ?? []
        var inputs: [Stage.Input] = []
        for (index, row) in rows.enumerated() {
            inputs.append(.init(name: "scores.\(index)", stage: row.scores))
            inputs.append(.init(name: "cost.\(index)", stage: row.cost))
        }
        return try builder.add(
            Report(
                rows: rows.map { names[$0.scores.index].replacing(".scores", with: "", maxReplacements: 1) }, metrics: metrics,
                sets: orderedSets(sets, evaluations.first)),
            .named("report"), inputs: inputs,
            origins: evaluations.first.map { [Origin("metrics", $0.metrics), Origin("sets", $0.sets)] } ?? [])
    }

    /// The first variant's order, then what other variants have besides.
    private func orderedSets(_ sets: Set<RowSet>, _ first: EvaluateSection?) -> [String] {
        let leading = first?.sets.value.map(\.value) ?? []
        return (leading + RowSet.allCases.filter { sets.contains($0) && !leading.contains($0) }).map(\.rawValue)
    }
}
