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
        let style = base.pipeline.answerMethod == .generation ? model.answer : nil
        let scores = try addScores(of: answers, style, title("scores"), base)
        let cost = try addCost(of: model, answers: answers, title("cost"), base)
        var evaluated = EvaluatedModel(
            model: model.stage, answer: model.answer, answers: answers, scores: scores, cost: cost)
        let metrics = base.pipeline.metrics.value
        if metrics.contains(.perplexity), let text = evaluate.perplexity {
            evaluated.perplexity = try addPerplexity(of: input, on: text, title("perplexity"), base)
        }
        if metrics.contains(.loss) {
            var loss = EvalLoss.standard
            (loss.$sets, loss.$prompt, loss.$answer) = (base.sets, base.prompt, base.styled(model.answer))
            evaluated.loss = try builder.add(
                loss, title("loss"), inputs: [input, .init(name: "data", stage: base.view(of: model))],
                workload: base.workload(of: model))
        }
        if metrics.contains(.latency) {
            var serving = evaluate.serving
            serving.$prompt = base.prompt
            let asked = evaluate.metrics?.value.first { $0.value == .latency }
            if let asked, !serving.$clients.isWritten { serving.$clients.place = asked.place }
            evaluated.serving = try builder.add(
                serving, title("serving"), inputs: [input, .init(name: "data", stage: base.view(of: model))])
        }
        if metrics.contains(.speed) {
            var speed = BenchDecode.standard
            speed.$promptTokens.place = evaluate.metricsPlace
            speed.$newTokens.place = evaluate.metricsPlace
            speed.$rounds.place = evaluate.metricsPlace
            evaluated.speed = try builder.add(speed, title("speed"), inputs: [input])
        }
        if metrics.contains(.qps) {
            let style = base.styled(model.answer)
            evaluated.queries = try addQueries(to: input, in: style, of: base.view(of: model), title("queries"), base)
        }
        return evaluated
    }

    /// The teachers that the student learns from, or the one behind an endpoint, each as a row of the report.
    mutating func evaluateTeachers(_ teacher: LoweredTeacher?, _ base: LoweredBase) throws -> [EvaluatedModel] {
        if let endpoint = base.pipeline.teacher.endpoint { return [try evaluate(endpoint, base)] }
        var rows: [EvaluatedModel] = []
        for (title, model) in teacher?.used ?? [] { rows.append(try evaluate(model, title: title, base)) }
        return rows
    }

    /// Answers, scores and price of the teacher behind an endpoint, which is asked greedily what students are asked.
    private mutating func evaluate(_ endpoint: EndpointSection, _ base: LoweredBase) throws -> EvaluatedModel {
        let evaluate = base.pipeline.evaluate
        var generate = EndpointGenerate.standard
        generate.endpoint = endpoint.parameters
        generate.$sets = base.sets
        let tokens = evaluate.answers.$maxTokens
        generate.$maxTokens = tokens.isWritten ? tokens : base.pipeline.sample?.$maxTokens ?? tokens
        let answers = try builder.add(
            generate, .named("teacher.answers"), inputs: [.init(name: "data", stage: base.teacherData)],
            endpoint: EndpointAccess(endpoint))
        let scores = try addScores(of: answers, .call, .named("teacher.scores"), base)
        var kind = EndpointCost.standard
        (kind.$promptPrice, kind.$answerPrice) = (endpoint.promptPrice, endpoint.answerPrice)
        let cost = try builder.add(kind, .named("teacher.cost"), inputs: [.init(name: "answers", stage: answers)])
        return EvaluatedModel(model: nil, answer: .call, answers: answers, scores: scores, cost: cost, price: cost)
    }

    /// The system that the student replaces, trained on the same rows; `nil` where a problem was found.
    mutating func addBaseline(_ base: LoweredBase) throws -> EvaluatedModel? {
        guard let baseline = base.pipeline.baseline, let name = base.pipeline.baselineEncoder,
            let encoder = try addReference(name, base.pipeline)
        else { return nil }
        let title: (String) -> StageTitle = { .named("baseline.\($0)") }
        var train = baseline.train
        train.$domains = base.pipeline.evaluate.domains.map { $0.map(Optional.some) } ?? train.$domains
        let stage = try builder.add(
            train, .named("baseline"),
            inputs: [.init(name: "encoder", stage: encoder), .init(name: "data", stage: base.lessons)])
        let model = Stage.Input(name: "model", stage: stage)
        var frames = EvalFrames.standard
        frames.$sets = base.sets
        let answers = try builder.add(
            frames, title("answers"), inputs: [model, .init(name: "data", stage: base.data)])
        let scores = try addScores(of: answers, nil, title("scores"), base)
        let cost = try builder.add(
            EvalCost.standard, title("cost"), inputs: [model, .init(name: "answers", stage: answers)])
        var evaluated = EvaluatedModel(model: stage, answer: .call, answers: answers, scores: scores, cost: cost)
        if base.pipeline.metrics.value.contains(.qps) {
            evaluated.queries = try addQueries(to: model, in: nil, of: base.data, title("queries"), base)
        }
        return evaluated
    }

    /// How many questions a second a model answers.
    ///
    /// - Parameters:
    ///   - style: what the answers consist of, where models write them.
    ///   - data: the rows as the model's prompts show them.
    private mutating func addQueries(
        to model: Stage.Input, in style: Spanned<AnswerStyle>?, of data: StageID, _ title: StageTitle, _ base: LoweredBase
    ) throws -> StageID {
        let evaluate = base.pipeline.evaluate
        var queries = BenchQueries.standard
        queries.$prompt = base.prompt
        queries.$maxTokens = evaluate.answers.$maxTokens
        if let style { queries.$answer = style }
        if let set = base.sets.value.first { queries.$rowSet = base.sets.map { _ in set } }
        queries.$rows.place = evaluate.metricsPlace
        queries.$rounds.place = evaluate.metricsPlace
        return try builder.add(queries, title, inputs: [model, .init(name: "data", stage: data)])
    }

    /// - Parameter style: of the answers; `nil` for those that no model wrote.
    private mutating func addScores(
        of answers: StageID, _ style: AnswerStyle?, _ title: StageTitle, _ base: LoweredBase
    ) throws -> StageID {
        let judge = base.pipeline.judge
        var score = EvalScore.standard
        score.$judge = judge.kind
        score.$sets = base.sets
        if let style { score.$answer = base.styled(style) }
        score.$checks = judge.judge.$checks
        (score.$question, score.$program) = (judge.judge.$question, judge.judge.$program)
        score.$domains = base.pipeline.evaluate.frames
        return try builder.add(
            score, title,
            inputs: [.init(name: "data", stage: base.teacherData), .init(name: "answers", stage: answers)]
                + (try judgingInputs(base)),
            endpoint: judge.endpoint.map(EndpointAccess.init))
    }

    /// Answers that the model writes, or the likelihoods of those that it may choose from.
    private mutating func addAnswers(of model: LoweredModel, _ title: StageTitle, _ base: LoweredBase) throws -> StageID {
        let inputs = [Stage.Input(name: "model", stage: model.stage), .init(name: "data", stage: base.view(of: model))]
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

    private mutating func addCost(
        of model: LoweredModel, answers: StageID, _ title: StageTitle, _ base: LoweredBase
    ) throws -> StageID {
        let evaluate = base.pipeline.evaluate
        var cost = evaluate.cost
        var inputs = [Stage.Input(name: "model", stage: model.stage), .init(name: "answers", stage: answers)]
        if cost.cachedPrefix == .shared {
            inputs.append(.init(name: "data", stage: base.view(of: model)))
            cost.$prompt = base.prompt.map(Optional.some)
            switch base.pipeline.answerMethod {
            case .generation: cost.$answer = base.styled(model.answer).map(Optional.some)
            case .likelihood: cost.$context = evaluate.likelihoods.$context.map(Optional.some)
            }
        }
        return try builder.add(cost, title, inputs: inputs)
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
        let rows = Self.merged(variants.flatMap(\.peers) + variants.flatMap(\.rows))
        var inputs: [Stage.Input] = []
        for (index, row) in rows.enumerated() {
            inputs.append(.init(name: "scores.\(index)", stage: row.scores))
            inputs.append(.init(name: "cost.\(index)", stage: row.cost))
            if let perplexity = row.perplexity { inputs.append(.init(name: "perplexity.\(index)", stage: perplexity)) }
            if let loss = row.loss { inputs.append(.init(name: "loss.\(index)", stage: loss)) }
            if let serving = row.serving { inputs.append(.init(name: "serving.\(index)", stage: serving)) }
            if let speed = row.speed { inputs.append(.init(name: "speed.\(index)", stage: speed)) }
            if let queries = row.queries { inputs.append(.init(name: "queries.\(index)", stage: queries)) }
            if let price = row.price { inputs.append(.init(name: "price.\(index)", stage: price)) }
            if let comparison = row.comparison { inputs.append(.init(name: "comparison.\(index)", stage: comparison)) }
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

    /// Each model once: it may be the last one of a variant, which is compared, and one on the way of another.
    private static func merged(_ rows: [EvaluatedModel]) -> [EvaluatedModel] {
        var merged: [EvaluatedModel] = []
        var places: [EvaluatedModel: Int] = [:]
        for row in rows {
            var bare = row
            bare.comparison = nil
            if let place = places[bare] {
                merged[place].comparison = merged[place].comparison ?? row.comparison
            } else {
                places[bare] = merged.count
                merged.append(row)
            }
        }
        return merged
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
    static func modelName(of scores: String) -> String {
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
