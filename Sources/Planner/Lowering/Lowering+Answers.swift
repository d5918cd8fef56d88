import BuildModel
import Kinds
import RecipeLanguage
import Words

/// A teacher that answers the training prompts.
enum Answerer {
    case model(LoweredModel)
    /// Behind a server, with what its stages are called.
    case endpoint(EndpointSection, role: String)

    /// Whether it is the recipe's first teacher.
    var isOwnTeacher: Bool {
        switch self {
        case .model(let model): !model.isStudent && model.role == Pipeline.ownTeacher
        case .endpoint(_, let role): role == Pipeline.ownTeacher
        }
    }

    /// What it gives, under its role's name; a student that teaches has a name of its own. Of data beside the recipe's own, their
    /// name stands at the end.
    func title(_ word: String, _ answer: AnswerStyle, _ base: LoweredBase) -> StageTitle {
        let words: [String?] = [word, answer == .call ? nil : "reasoning", base.pipeline.furtherData]
        let suffix = words.compactMap(\.self).map { ".\($0)" }.joined()
        switch self {
        case .model(let model) where model.isStudent: return .after(model.stage, suffix)
        case .model(let model): return .named(model.role + suffix)
        case .endpoint(_, let role): return .named(role + suffix)
        }
    }
}

extension Lowering {
    /// A teacher's answers to the training prompts, sorted by the judge.
    ///
    /// - Parameter others: who answers beside it, each its part of the rows.
    /// - Throws: `MissingAnswers` where the recipe has none sampled.
    mutating func addJudged(
        _ base: LoweredBase, teacher: Answerer, beside others: [Answerer] = [], _ answer: AnswerStyle
    ) throws -> StageID {
        guard var sample = base.pipeline.sample else { throw MissingAnswers() }
        let judge = base.pipeline.judge
        let parts = base.pipeline.answeredRows
        if !others.isEmpty { sample.$rows = parts.own }
        var rollouts = [Stage.Input(name: "rollouts", stage: try addRollouts(base, sample, teacher: teacher, answer))]
        for (place, (other, part)) in zip(others, parts.others).enumerated() {
            sample.$rows = part.rows
            rollouts.append(
                .init(name: "rollouts.\(place)", stage: try addRollouts(base, sample, teacher: other, answer)))
        }
        var kind = judge.judge
        kind.$answer = base.styled(answer)
        return try builder.add(
            kind, teacher.title("judged", answer, base),
            inputs: [Stage.Input(name: "data", stage: base.data)] + rollouts + (try judgingInputs(base)),
            endpoint: judge.endpoint.map(EndpointAccess.init))
    }

    private mutating func addRollouts(
        _ base: LoweredBase, _ sample: Sample, teacher: Answerer, _ answer: AnswerStyle
    ) throws -> StageID {
        switch teacher {
        case .endpoint(let endpoint, _):
            return try builder.add(
                EndpointSample(sample, of: endpoint.model), teacher.title("samples", answer, base),
                inputs: [.init(name: "data", stage: base.data)], endpoint: EndpointAccess(endpoint))
        case .model(let model):
            var kind = sample
            kind.$prompt = base.prompt
            kind.$answer = base.styled(answer)
            return try builder.add(
                kind, teacher.title("samples", answer, base),
                inputs: [.init(name: "model", stage: model.stage), .init(name: "data", stage: base.data)],
                workload: base.workload(of: model))
        }
    }

    /// The teacher's accepted answers; `nil` where none are sampled, and the rows' own are learned.
    mutating func addAnswers(
        _ base: LoweredBase, teacher: LoweredModel, beside others: [Answerer], _ answer: AnswerStyle
    ) throws -> StageID? {
        base.pipeline.sample == nil ? nil : try addJudged(base, teacher: .model(teacher), beside: others, answer)
    }

    /// A teacher's logits on its accepted answers, or on the rows' own; students and recoveries share them.
    ///
    /// - Parameter judged: `nil` where the rows' own answers are scored, in this style.
    mutating func addCapture(
        _ distillation: Distillation, _ base: LoweredBase, teacher: LoweredModel, judged: StageID?, _ answer: AnswerStyle
    ) throws -> StageID {
        let accepted = judged.map { [Stage.Input(name: "judged", stage: $0)] } ?? []
        var kind = distillation.capture
        kind.$prompt = base.prompt
        kind.$answer = base.styled(base.pipeline.prompting(answer, isJudged: judged != nil))
        return try builder.add(
            kind, Answerer.model(teacher).title("logits", answer, base),
            inputs: [.init(name: "teacher", stage: teacher.stage), .init(name: "data", stage: base.data)] + accepted,
            workload: base.workload(of: teacher))
    }
}

extension EndpointAccess {
    init(_ endpoint: EndpointSection) {
        let variable = endpoint.keyVariable
        let requests = endpoint.maxRequests.value
        let cost = endpoint.maxCost.value
        self.init(
            url: endpoint.url.value,
            key: !variable.isWritten ? .standard : variable.value.isEmpty ? .none : .variable(variable.value),
            maxRequests: requests > 0 ? requests : nil, maxCost: cost > 0 ? cost : nil,
            price: Price(prompt: endpoint.promptPrice.value, answer: endpoint.answerPrice.value),
            concurrency: endpoint.concurrency.value, timeout: endpoint.timeout.value, retries: endpoint.retries.value)
    }
}

/// A step learns from judged answers that the checks of the recipe let pass, and none are sampled.
struct MissingAnswers: Error, CustomStringConvertible {
    var description: String { "A step learns from a teacher's answers, and none are sampled." }
}
