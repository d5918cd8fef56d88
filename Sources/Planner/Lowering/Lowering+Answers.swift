import BuildModel
import Kinds
import RecipeLanguage
import Words

extension Lowering {
    /// The teacher's answers to the training prompts, sorted by the judge.
    ///
    /// - Parameter teacher: `nil` where the teacher is behind an endpoint.
    /// - Throws: `MissingAnswers` where the recipe has none sampled.
    mutating func addJudged(_ base: LoweredBase, teacher: LoweredModel?, _ answer: AnswerStyle) throws -> StageID {
        guard let sample = base.pipeline.sample else { throw MissingAnswers() }
        let judge = base.pipeline.judge
        let rollouts = try addRollouts(base, sample, teacher: teacher, answer)
        var kind = judge.judge
        kind.$answer = base.styled(answer)
        return try builder.add(
            kind, Self.title("judged", of: teacher, answer),
            inputs: [.init(name: "data", stage: base.data), .init(name: "rollouts", stage: rollouts)]
                + (try judgingInputs(base)),
            endpoint: judge.endpoint.map(EndpointAccess.init))
    }

    private mutating func addRollouts(
        _ base: LoweredBase, _ sample: Sample, teacher: LoweredModel?, _ answer: AnswerStyle
    ) throws -> StageID {
        guard let teacher else {
            guard let endpoint = base.pipeline.teacher.endpoint else { throw MissingTeacher() }
            return try builder.add(
                EndpointSample(sample, of: endpoint.model), .named("teacher.samples"),
                inputs: [.init(name: "data", stage: base.data)], endpoint: EndpointAccess(endpoint))
        }
        var kind = sample
        kind.$prompt = base.prompt
        kind.$answer = base.styled(answer)
        return try builder.add(
            kind, Self.title("samples", of: teacher, answer),
            inputs: [.init(name: "model", stage: teacher.stage), .init(name: "data", stage: base.data)],
            workload: base.workload(of: teacher))
    }

    /// The teacher's accepted answers; `nil` where none are sampled, and the rows' own are learned.
    mutating func addAnswers(_ base: LoweredBase, teacher: LoweredModel, _ answer: AnswerStyle) throws -> StageID? {
        base.pipeline.sample == nil ? nil : try addJudged(base, teacher: teacher, answer)
    }

    /// The teacher's logits on its accepted answers, or on the rows' own, then those of further teachers on the same; students
    /// and recoveries share them.
    mutating func addLogits(
        _ distillation: Distillation, _ base: LoweredBase, teacher: LoweredModel, judged: StageID?, _ answer: AnswerStyle
    ) throws -> [StageID] {
        let title = Self.title("logits", of: teacher, answer)
        return [try addCapture(distillation, base, teacher: teacher, judged: judged, answer, title)]
            + (try addFurtherLogits(distillation, base, judged: judged, answer))
    }

    /// - Parameter judged: `nil` where the rows' own answers are scored, in this style.
    mutating func addCapture(
        _ distillation: Distillation, _ base: LoweredBase, teacher: LoweredModel, judged: StageID?, _ answer: AnswerStyle,
        _ title: StageTitle
    ) throws -> StageID {
        let accepted = judged.map { [Stage.Input(name: "judged", stage: $0)] } ?? []
        var kind = distillation.capture
        kind.$prompt = base.prompt
        kind.$answer = base.styled(judged == nil ? answer : .call)
        return try builder.add(
            kind, title,
            inputs: [.init(name: "teacher", stage: teacher.stage), .init(name: "data", stage: base.data)] + accepted,
            workload: base.workload(of: teacher))
    }

    /// What a teacher gives, under its role's name; a student that teaches has a name of its own.
    private static func title(_ word: String, of teacher: LoweredModel?, _ answer: AnswerStyle) -> StageTitle {
        let word = answer == .call ? word : word + ".reasoning"
        guard let teacher, teacher.isStudent else { return .named("teacher.\(word)") }
        return .after(teacher.stage, ".\(word)")
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
