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
        let answers = try addAnswers(of: model, title, base)
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

    /// - Parameter style: of the answers; `nil` for those that no model wrote.
    mutating func addScores(
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
        score.$arguments = base.pipeline.evaluate.countsArguments
        return try builder.add(
            score, title,
            inputs: [.init(name: "data", stage: base.teacherData), .init(name: "answers", stage: answers)]
                + (try judgingInputs(base)),
            endpoint: judge.endpoint.map(EndpointAccess.init))
    }

    /// Answers that the model writes, as a threshold decides where there is one; or the likelihoods of those that it may choose
    /// from.
    private mutating func addAnswers(
        of model: LoweredModel, _ title: (String) -> StageTitle, _ base: LoweredBase
    ) throws -> StageID {
        let inputs = [Stage.Input(name: "model", stage: model.stage), .init(name: "data", stage: base.view(of: model))]
        switch base.pipeline.answerMethod {
        case .generation:
            var generate = base.pipeline.evaluate.answers
            generate.$sets = base.sets
            generate.$prompt = base.prompt
            generate.$answer = base.styled(model.answer)
            // Likelihoods behind a reasoning say nothing.
            guard let threshold = base.pipeline.callThreshold, model.answer == .call else {
                return try builder.add(generate, title("answers"), inputs: inputs, workload: base.workload(of: model))
            }
            generate.$refusals = threshold.map { _ in true }
            if threshold.value == nil { generate.$sets = base.setsWithValid }
            var decide = EvalDecide.standard
            (decide.$sets, decide.$threshold) = (generate.$sets, threshold)
            let answers = try builder.add(generate, title("answers"), inputs: inputs, workload: base.workload(of: model))
            return try builder.add(decide, title("decisions"), inputs: [inputs[1], .init(name: "answers", stage: answers)])
        case .likelihood:
            var likelihoods = base.pipeline.evaluate.likelihoods
            likelihoods.$sets = base.sets
            likelihoods.$prompt = base.prompt
            return try builder.add(likelihoods, title("answers"), inputs: inputs, workload: base.workload(of: model))
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
}
