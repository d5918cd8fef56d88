import BuildModel
import Kinds
import RecipeLanguage
import Words

extension Lowering {
    /// The teacher's answers to the training prompts, sorted by the judge.
    ///
    /// - Parameters:
    ///   - teacher: `nil` where the teacher is behind an endpoint.
    ///   - set: whose rows are answered.
    /// - Throws: `MissingAnswers` where the recipe has none sampled.
    mutating func addJudged(
        _ base: LoweredBase, teacher: LoweredModel?, _ answer: AnswerStyle, to set: RowSet = .train
    ) throws -> StageID {
        guard let sample = base.pipeline.sample else { throw MissingAnswers() }
        let judge = base.pipeline.judge
        let rollouts = try addRollouts(base, sample, teacher: teacher, answer, to: set)
        var kind = judge.judge
        kind.$answer = base.styled(answer)
        kind.set = set
        return try builder.add(
            kind, Self.title("judged", of: teacher, answer, to: set),
            inputs: [.init(name: "data", stage: teacher?.view ?? base.teacherData), .init(name: "rollouts", stage: rollouts)]
                + (try judgeInput(base)),
            endpoint: judge.endpoint.map(EndpointAccess.init))
    }

    private mutating func addRollouts(
        _ base: LoweredBase, _ sample: Sample, teacher: LoweredModel?, _ answer: AnswerStyle, to set: RowSet
    ) throws -> StageID {
        let title = Self.title("samples", of: teacher, answer, to: set)
        guard let teacher else {
            guard let endpoint = base.pipeline.teacher.endpoint else { throw MissingTeacher() }
            var kind = EndpointSample(sample, of: endpoint.model)
            kind.$answer = base.styled(answer)
            kind.set = set
            return try builder.add(
                kind, title, inputs: [.init(name: "data", stage: base.teacherData)], endpoint: EndpointAccess(endpoint))
        }
        var kind = sample
        kind.$prompt = base.prompt
        kind.$answer = base.styled(answer)
        kind.set = set
        return try builder.add(
            kind, title, inputs: [.init(name: "model", stage: teacher.stage), .init(name: "data", stage: teacher.view)],
            workload: base.workload(of: teacher))
    }

    /// The student's rows; where the recipe asks for it, with what the judge accepted of the teacher's answers as what is right.
    mutating func addReferences(_ base: LoweredBase, teacher: LoweredTeacher?) throws -> StageID {
        let pipeline = base.pipeline
        guard pipeline.references.value == .judged, teacher != nil || pipeline.teacher.endpoint != nil else { return base.data }
        let asking = pipeline.stepsFromTeacher.filter { $0.method.value.needsTeacher }
        // A teacher at hand that is asked for reasonings alone gives no other answers.
        let reasons = teacher != nil && !asking.isEmpty && asking.allSatisfy { $0.star != nil }
        let answer: AnswerStyle = reasons ? .reasoning : .call
        let validates = pipeline.studentSteps.contains { $0.training.validation != nil }
        var inputs = [Stage.Input(name: "data", stage: base.data)]
        for set in [RowSet.train] + (validates ? [.valid] : []) {
            let judged = try addJudged(base, teacher: reasons ? teacher?.reasoning : teacher?.plain, answer, to: set)
            inputs.append(.init(name: set == .train ? "judged" : "judged.0", stage: judged))
        }
        var kind = DataReferences.standard
        kind.$answer = pipeline.references.map { _ in answer }
        return try builder.add(kind, .named("data.references"), inputs: inputs)
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
            inputs: [.init(name: "teacher", stage: teacher.stage), .init(name: "data", stage: teacher.view)] + accepted,
            workload: base.workload(of: teacher))
    }

    /// What a teacher gives, under its role's name; a student that teaches has a name of its own.
    private static func title(
        _ word: String, of teacher: LoweredModel?, _ answer: AnswerStyle, to set: RowSet = .train
    ) -> StageTitle {
        let word = word + (answer == .call ? "" : ".reasoning") + (set == .train ? "" : ".\(set.rawValue)")
        guard let teacher, teacher.isStudent else { return .named("teacher.\(word)") }
        return .after(teacher.stage, ".\(word)")
    }

    /// The judging model, where one at hand decides.
    mutating func judgeInput(_ base: LoweredBase) throws -> [Stage.Input] {
        guard base.pipeline.judge.kind.value == .model, let from = base.pipeline.judge.from,
            let model = try addImport(from, base.pipeline)
        else { return [] }
        return [.init(name: "judge", stage: model)]
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
