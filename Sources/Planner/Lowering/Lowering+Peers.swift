import BuildModel
import Declarations
import Kinds
import RecipeLanguage
import Words

/// What a recipe's models are held against.
extension Lowering {
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
        let scores = try addScores(of: answers, try scores(.call, base), .named("teacher.scores"), base)
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
        let scores = try addScores(of: answers, try scores(nil, base), title("scores"), base)
        let cost = try builder.add(
            EvalCost.standard, title("cost"), inputs: [model, .init(name: "answers", stage: answers)])
        var evaluated = EvaluatedModel(model: stage, answer: .call, answers: answers, scores: scores, cost: cost)
        if base.pipeline.metrics.value.contains(.qps) {
            evaluated.queries = try addQueries(to: model, in: nil, of: base.data, title("queries"), base)
        }
        return evaluated
    }
}
