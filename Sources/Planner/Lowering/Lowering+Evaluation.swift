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
        let kinds = try evaluation(of: model, base)
        let workload = base.workload(of: model)
        let input = Stage.Input(name: "model", stage: model.stage)
        let data = Stage.Input(name: "data", stage: base.view(of: model))
        var answers = try builder.add(kinds.answers, title("answers"), inputs: [input, data], workload: workload)
        if let decisions = kinds.decisions {
            answers = try builder.add(
                decisions, title("decisions"), inputs: [data, Stage.Input(name: "answers", stage: answers)])
        }
        let scores = try addScores(of: answers, kinds.scores, title("scores"), base)
        let answered = [input, Stage.Input(name: "answers", stage: answers)]
        let cost = try builder.add(
            kinds.cost, title("cost"), inputs: kinds.sharesPrefixes ? answered + [data] : answered)
        var evaluated = EvaluatedModel(
            model: model.stage, answer: model.answer, answers: answers, scores: scores, cost: cost)
        guard !kinds.further.isEmpty else { return evaluated }
        let (evaluate, metrics) = (base.pipeline.evaluate, kinds.further)
        if metrics.contains(.perplexity), let text = evaluate.perplexity {
            evaluated.perplexity = try addPerplexity(of: input, on: text, title("perplexity"), base)
        }
        if metrics.contains(.loss) {
            var loss = EvalLoss.standard
            (loss.$sets, loss.$prompt, loss.$answer) = (base.sets, base.prompt, base.styled(model.answer))
            evaluated.loss = try builder.add(
                loss, title("loss"), inputs: [input, data], workload: workload)
        }
        if metrics.contains(.latency) {
            var serving = evaluate.serving
            serving.$prompt = base.prompt
            serving.$answer = base.styled(model.answer)
            if let set = base.sets.value.first { serving.$rowSet = base.sets.map { _ in set } }
            let asked = evaluate.metrics?.value.first { $0.value == .latency }
            if let asked, !serving.$clients.isWritten { serving.$clients.place = asked.place }
            evaluated.serving = try builder.add(
                serving, title("serving"), inputs: [input, data])
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

    /// How many questions a second a model answers.
    ///
    /// - Parameters:
    ///   - style: what the answers consist of, where models write them.
    ///   - data: the rows as the model's prompts show them.
    mutating func addQueries(
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

    /// How models that answer in the same style are evaluated.
    private mutating func evaluation(of model: LoweredModel, _ base: LoweredBase) throws -> EvaluationKinds {
        let style = EvaluationKinds.Style(answer: model.answer, side: model.side)
        if let known = base.evaluations.known[style] { return known }
        let evaluate = base.pipeline.evaluate
        var cost = evaluate.cost
        if cost.cachedPrefix == .shared {
            cost.$prompt = base.prompt.map(Optional.some)
            switch base.pipeline.answerMethod {
            case .generation: cost.$answer = base.styled(model.answer).map(Optional.some)
            case .likelihood: cost.$context = evaluate.likelihoods.$context.map(Optional.some)
            }
        }
        // Likelihoods behind a reasoning say nothing.
        let decides = base.pipeline.answerMethod == .generation && model.answer == .call
        let threshold = decides ? base.pipeline.callThreshold : nil
        let kinds = EvaluationKinds(
            answers: try answers(of: model, threshold, base), decisions: try decisions(threshold, base),
            scores: try scores(base.pipeline.answerMethod == .generation ? model.answer : nil, base),
            cost: try builder.settled(cost), sharesPrefixes: cost.cachedPrefix == .shared,
            further: base.pipeline.metrics.value.filter { [.perplexity, .loss, .latency, .speed, .qps].contains($0) })
        base.evaluations.known[style] = kinds
        return kinds
    }

    /// Answers that the model writes, or the likelihoods of those that it may choose from.
    ///
    /// - Parameter threshold: what decides between a call and none; it may be chosen on the validation set.
    private mutating func answers(
        of model: LoweredModel, _ threshold: Spanned<Double?>?, _ base: LoweredBase
    ) throws -> SettledKind {
        switch base.pipeline.answerMethod {
        case .generation:
            var generate = base.pipeline.evaluate.answers
            generate.$sets = base.sets
            generate.$prompt = base.prompt
            generate.$answer = base.styled(model.answer)
            if let threshold {
                generate.$refusals = threshold.map { _ in true }
                if threshold.value == nil { generate.$sets = base.setsWithValid }
            }
            return try builder.settled(generate)
        case .likelihood:
            var likelihoods = base.pipeline.evaluate.likelihoods
            likelihoods.$sets = base.sets
            likelihoods.$prompt = base.prompt
            return try builder.settled(likelihoods)
        }
    }

    private mutating func decisions(_ threshold: Spanned<Double?>?, _ base: LoweredBase) throws -> SettledKind? {
        guard let threshold else { return nil }
        var decide = EvalDecide.standard
        (decide.$sets, decide.$threshold) = (threshold.value == nil ? base.setsWithValid : base.sets, threshold)
        return try builder.settled(decide)
    }

    /// - Parameter style: of the answers; `nil` for those that no model wrote.
    mutating func scores(_ style: AnswerStyle?, _ base: LoweredBase) throws -> SettledKind {
        let judge = base.pipeline.judge
        var score = EvalScore.standard
        score.$judge = judge.kind
        score.$sets = base.sets
        if let style { score.$answer = base.styled(style) }
        score.$checks = judge.judge.$checks
        (score.$question, score.$program) = (judge.judge.$question, judge.judge.$program)
        score.$domains = base.pipeline.evaluate.frames
        score.$arguments = base.pipeline.evaluate.countsArguments
        return try builder.settled(score)
    }

    mutating func addScores(
        of answers: StageID, _ kind: SettledKind, _ title: StageTitle, _ base: LoweredBase
    ) throws -> StageID {
        try builder.add(
            kind, title,
            inputs: [.init(name: "data", stage: base.teacherData), .init(name: "answers", stage: answers)]
                + (try judgingInputs(base)),
            endpoint: base.pipeline.judge.endpoint.map(EndpointAccess.init))
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
}

/// How models that answer in the same style are evaluated.
struct EvaluationKinds {
    struct Style: Hashable {
        var answer: AnswerStyle
        var side: LoweredModel.Side
    }

    /// Those of a variant, made when the first model of a style is evaluated.
    final class Memory {
        var known: [Style: EvaluationKinds] = [:]
    }

    var answers: SettledKind
    /// What decides between a call and none; `nil` where answers stay as they are.
    var decisions: SettledKind?
    var scores: SettledKind
    var cost: SettledKind
    /// Whether the cost depends on the prompts' shared beginnings.
    var sharesPrefixes: Bool
    /// The metrics that take stages of their own.
    var further: [EvaluateSection.Metric]
}
