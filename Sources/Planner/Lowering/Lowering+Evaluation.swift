import BuildModel
import Declarations
import Kinds
import RecipeLanguage
import Words

extension Lowering {
    /// Answers, scores and cost of a model, and what else is asked for, each under a title made of that word.
    mutating func evaluate(
        _ model: LoweredModel, title: (String) -> StageTitle, _ base: LoweredBase
    ) throws -> EvaluatedModel {
        let evaluate = base.pipeline.evaluate
        let input = Stage.Input(name: "model", stage: model.stage)
        let answers = try addAnswers(of: model, title("answers"), base)
        let style = base.pipeline.answerMethod == .generation ? base.styled(model.answer) : nil
        var evaluated = try score(answers, of: input, in: style, title: title, base)
        let metrics = base.pipeline.metrics.value
        if metrics.contains(.perplexity), let text = evaluate.perplexity {
            evaluated.perplexity = try addPerplexity(of: input, on: text, title("perplexity"), base)
        }
        if metrics.contains(.latency) {
            var serving = evaluate.serving
            serving.$prompt = base.prompt
            let asked = evaluate.metrics?.value.first { $0.value == .latency }
            if let asked, !serving.$clients.isWritten { serving.$clients.place = asked.place }
            evaluated.serving = try builder.add(
                serving, title("serving"), inputs: [input, .init(name: "data", stage: base.data)])
        }
        if metrics.contains(.speed) {
            var speed = BenchDecode.standard
            speed.$promptTokens.place = evaluate.metricsPlace
            speed.$newTokens.place = evaluate.metricsPlace
            speed.$rounds.place = evaluate.metricsPlace
            evaluated.speed = try builder.add(speed, title("speed"), inputs: [input])
        }
        if metrics.contains(.qps) {
            evaluated.queries = try addQueries(to: input, in: base.styled(model.answer), title("queries"), base)
        }
        return evaluated
    }

    /// Scores and cost of a model's answers.
    ///
    /// - Parameter style: what the answers consist of, where models write them.
    private mutating func score(
        _ answers: StageID, of model: Stage.Input, in style: Spanned<AnswerStyle>?, title: (String) -> StageTitle,
        _ base: LoweredBase
    ) throws -> EvaluatedModel {
        let judge = base.pipeline.judge
        var score = EvalScore.standard
        score.$judge = judge.kind
        score.$sets = base.sets
        if let style { score.$answer = style }
        score.$question = judge.judge.$question
        score.$domains = base.pipeline.evaluate.frames
        let given = Stage.Input(name: "answers", stage: answers)
        let scores = try builder.add(
            score, title("scores"), inputs: [.init(name: "data", stage: base.data), given] + (try judgeInput(base)),
            endpoint: judge.endpoint.map(EndpointAccess.init))
        let cost = try builder.add(EvalCost.standard, title("cost"), inputs: [model, given])
        return EvaluatedModel(scores: scores, cost: cost)
    }

    /// The system that the student replaces, trained on the same rows; `nil` where a problem was found.
    mutating func addBaseline(_ base: LoweredBase) throws -> EvaluatedModel? {
        guard let baseline = base.pipeline.baseline, let name = base.pipeline.baselineEncoder,
            let encoder = try addReference(name, base.pipeline)
        else { return nil }
        let title: (String) -> StageTitle = { .named("baseline.\($0)") }
        let data = Stage.Input(name: "data", stage: base.data)
        var train = baseline.train
        train.$domains = base.pipeline.evaluate.domains.map { $0.map(Optional.some) } ?? train.$domains
        let model = Stage.Input(
            name: "model",
            stage: try builder.add(train, .named("baseline"), inputs: [.init(name: "encoder", stage: encoder), data]))
        var frames = EvalFrames.standard
        frames.$sets = base.sets
        let answers = try builder.add(frames, title("answers"), inputs: [model, data])
        var evaluated = try score(answers, of: model, in: nil, title: title, base)
        if base.pipeline.metrics.value.contains(.qps) {
            evaluated.queries = try addQueries(to: model, in: nil, title("queries"), base)
        }
        return evaluated
    }

    /// How many questions a second a model answers.
    private mutating func addQueries(
        to model: Stage.Input, in style: Spanned<AnswerStyle>?, _ title: StageTitle, _ base: LoweredBase
    ) throws -> StageID {
        let evaluate = base.pipeline.evaluate
        var queries = BenchQueries.standard
        queries.$prompt = base.prompt
        queries.$maxTokens = evaluate.answers.$maxTokens
        if let style { queries.$answer = style }
        if let set = base.sets.value.first { queries.$rowSet = base.sets.map { _ in set } }
        queries.$rows.place = evaluate.metricsPlace
        queries.$rounds.place = evaluate.metricsPlace
        return try builder.add(queries, title, inputs: [model, .init(name: "data", stage: base.data)])
    }

    /// Answers that the model writes, or the likelihoods of those that it may choose from.
    private mutating func addAnswers(of model: LoweredModel, _ title: StageTitle, _ base: LoweredBase) throws -> StageID {
        let inputs = [Stage.Input(name: "model", stage: model.stage), .init(name: "data", stage: base.data)]
        switch base.pipeline.answerMethod {
        case .generation:
            var generate = base.pipeline.evaluate.answers
            generate.$sets = base.sets
            generate.$prompt = base.prompt
            generate.$answer = base.styled(model.answer)
            return try builder.add(generate, title, inputs: inputs, workload: base.workload(of: model))
        case .likelihood:
            var likelihoods = base.pipeline.evaluate.likelihoods
            likelihoods.$sets = base.sets
            likelihoods.$prompt = base.prompt
            return try builder.add(likelihoods, title, inputs: inputs, workload: base.workload(of: model))
        }
    }

    private mutating func addPerplexity(
        of model: Stage.Input, on text: PerplexitySection, _ title: StageTitle, _ base: LoweredBase
    ) throws -> StageID? {
        guard let source = try addReference(text.text, base.pipeline) else { return nil }
        return try builder.add(text.kind, title, inputs: [model, .init(name: "text", stage: source)])
    }

    /// Where the evaluated sets are written; where they are not, the fields that give each its rows.
    static func setPlace(_ pipeline: Pipeline?) -> Place {
        guard let pipeline else { return .nowhere }
        return pipeline.evaluate.sets?.place
            ?? Place(
                pipeline.evaluate.metricsPlace.span, field: "evaluate.sets", isWritten: false, parts: pipeline.data.placesOfSets
            )
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
            if let queries = row.queries { inputs.append(.init(name: "queries.\(index)", stage: queries)) }
        }
        let asked = recipe.variants.first?.pipeline.metrics
        let metrics = asked?.value ?? []
        let repeated = naming.repeats ? naming.namesOverSeeds(of: builder.drafts) : nil
        var report = Report.standard
        report.rows = rows.map { Self.modelName(of: names[$0.scores.index]) }
        report.repeated = repeated.map { names in rows.map { Self.modelName(of: names[$0.scores.index]) } }
        report.sets = evaluatedSets
        if let asked {
            report.$metrics = asked.map { _ in metrics.map(\.rawValue) }
            report.$sets.place = Self.setPlace(recipe.variants.first?.pipeline)
            report.$fronts.place = asked.place
        }
        report.fronts = naming.compresses ? Self.fronts(among: metrics) : nil
        return try builder.add(report, .named("report"), inputs: inputs)
    }

    /// The metrics whose best for each size a report marks: the share of right answers, by the judge where it is asked for,
    /// and perplexity.
    private static func fronts(among metrics: [EvaluateSection.Metric]) -> [String]? {
        var fronts: [EvaluateSection.Metric] = []
        if let answers = EvaluateSection.Metric.allCases.first(where: { $0.isOfQuality && metrics.contains($0) }) {
            fronts.append(answers)
        }
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
