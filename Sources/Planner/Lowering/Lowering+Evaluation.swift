import BuildModel
import RecipeLanguage
import Words

extension Lowering {
    /// Answers, scores and cost of a model, and what else is asked for, each under a title made of that word.
    mutating func evaluate(
        _ model: LoweredModel, title: (String) -> StageTitle, _ base: LoweredBase
    ) throws -> EvaluatedModel {
        let evaluate = base.pipeline.evaluate
        let judge = base.pipeline.judge
        let sets = base.pipeline.evaluatedSets
        let written = evaluate.sets ?? Spanned([], at: evaluate.metrics.span, field: "evaluate.sets", isWritten: false)
        let input = Stage.Input(name: "model", stage: model.stage)
        let answers = try builder.add(
            EvalGenerate(
                sets: sets, maxTokens: model.answer.tokens(evaluate.maxTokens), prompt: base.prompt.value,
                answer: model.answer,
                constrained: evaluate.constrained.value ? true : nil),
            title("answers"), inputs: [input, .init(name: "data", stage: base.data)],
            work: base.work.pass(model.size, over: sets),
            origins: [
                Origin("sets", written), Origin("max_tokens", evaluate.maxTokens), Origin("prompt", base.prompt),
                Origin("answer", base.pipeline.transfer.field), Origin("constrained", evaluate.constrained),
            ])
        let scores = try builder.add(
            EvalScore(
                judge: judge.kind.value, sets: sets, answer: model.answer, question: Self.question(of: judge)),
            title("scores"),
            inputs: [.init(name: "data", stage: base.data), .init(name: "answers", stage: answers)] + (try judgeInput(base)),
            endpoint: judge.endpoint.map(EndpointAccess.init), work: 0,
            origins: [
                Origin("judge", judge.kind), Origin("sets", written), Origin("question", judge.prompt),
                Origin("answer", base.pipeline.transfer.field),
            ])
        let cost = try builder.add(
            EvalCost(), title("cost"), inputs: [input, .init(name: "answers", stage: answers)], work: 0)
        var evaluated = EvaluatedModel(scores: scores, cost: cost)
        let metrics = evaluate.metrics.value.map(\.value)
        if metrics.contains(.perplexity), let text = evaluate.perplexity {
            evaluated.perplexity = try addPerplexity(of: input, on: text, title("perplexity"), base)
        }
        if metrics.contains(.latency) {
            evaluated.serving = try builder.add(
                BenchServe(
                    clients: evaluate.clients.value.map(\.value), maxTokens: evaluate.maxTokens.value, prompt: base.prompt.value
                ),
                title("serving"), inputs: [input, .init(name: "data", stage: base.data)],
                origins: [
                    Origin("clients", evaluate.clients), Origin("max_tokens", evaluate.maxTokens),
                    Origin("prompt", base.prompt),
                ])
        }
        if metrics.contains(.speed) {
            let parameters = ["prompt_tokens", "new_tokens", "rounds"]
            evaluated.speed = try builder.add(
                BenchDecode(), title("speed"), inputs: [input],
                origins: parameters.map { Origin($0, evaluate.metrics) })
        }
        return evaluated
    }

    private mutating func addPerplexity(
        of model: Stage.Input, on text: PerplexitySection, _ title: StageTitle, _ base: LoweredBase
    ) throws -> StageID? {
        guard let source = try addReference(text.text, base.pipeline) else { return nil }
        return try builder.add(
            EvalPerplexity(stride: text.stride.value, context: text.context.value, tokens: text.tokens?.value), title,
            inputs: [model, .init(name: "text", stage: source)],
            origins: [Origin("stride", text.stride), Origin("context", text.context)]
                + (text.tokens.map { [Origin("tokens", $0)] } ?? []))
    }

    /// Teachers first, then the models of the variants' chains, each once.
    mutating func addReport(on variants: [LoweredVariant], names: [String], naming: StageNaming) throws -> StageID {
        var rows: [EvaluatedModel] = []
        var seen: Set<EvaluatedModel> = []
        for variant in variants { rows += variant.rows.prefix(variant.teachers.count).filter { seen.insert($0).inserted } }
        for variant in variants { rows += variant.rows.dropFirst(variant.teachers.count).filter { seen.insert($0).inserted } }
        var inputs: [Stage.Input] = []
        for (index, row) in rows.enumerated() {
            inputs.append(.init(name: "scores.\(index)", stage: row.scores))
            inputs.append(.init(name: "cost.\(index)", stage: row.cost))
            if let perplexity = row.perplexity { inputs.append(.init(name: "perplexity.\(index)", stage: perplexity)) }
            if let serving = row.serving { inputs.append(.init(name: "serving.\(index)", stage: serving)) }
            if let speed = row.speed { inputs.append(.init(name: "speed.\(index)", stage: speed)) }
        }
        let evaluate = recipe.variants.first?.pipeline.evaluate
        let metrics = evaluate?.metrics.value.map(\.value) ?? []
        let repeated = naming.repeats ? naming.namesOverSeeds(of: builder.drafts) : nil
        return try builder.add(
            Report(
                rows: rows.map { Self.modelName(of: names[$0.scores.index]) },
                metrics: metrics.map(\.rawValue), sets: evaluatedSets,
                repeated: repeated.map { names in rows.map { Self.modelName(of: names[$0.scores.index]) } },
                fronts: naming.compresses ? Self.fronts(among: metrics) : nil),
            .named("report"), inputs: inputs, work: 0,
            origins: evaluate.map { [Origin("metrics", $0.metrics), Origin("sets", $0.sets ?? $0.metrics.map { _ in [] })] }
                ?? []
        )
    }

    /// The metrics whose best for each size a report marks: the share of right answers, by the judge where it is asked for,
    /// and perplexity.
    private static func fronts(among metrics: [EvaluateSection.Metric]) -> [String]? {
        var fronts: [EvaluateSection.Metric] = []
        if let answers = [EvaluateSection.Metric.ar, .exact].first(where: { metrics.contains($0) }) { fronts.append(answers) }
        if metrics.contains(.perplexity) { fronts.append(.perplexity) }
        return fronts.isEmpty ? nil : fronts.map(\.rawValue)
    }

    /// `student.kd` of `student.kd.scores`.
    private static func modelName(of scores: String) -> String {
        scores.hasSuffix(".scores") ? String(scores.dropLast(7)) : scores.replacing(".scores", with: "", maxReplacements: 1)
    }

    /// The first variant's order, then what other variants have besides.
    private var evaluatedSets: [String] {
        let all = recipe.variants.map(\.pipeline.evaluatedSets)
        let further = all.dropFirst().joined()
        var sets = all.first ?? []
        for set in RowSet.allCases.map(\.rawValue) where further.contains(set) && !sets.contains(set) { sets.append(set) }
        for set in further where !sets.contains(set) { sets.append(set) }
        return sets
    }
}
