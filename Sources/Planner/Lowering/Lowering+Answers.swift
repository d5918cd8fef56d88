import BuildModel
import Declarations
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

    /// The rows as its prompts show them, and as the judge of its answers sees them.
    func view(_ base: LoweredBase) -> StageID {
        switch self {
        case .model(let model): base.view(of: model)
        case .endpoint: base.teacherData
        }
    }

    /// What it gives, under its role's name; a student that teaches has a name of its own. Of data beside the recipe's own, their
    /// name stands at the end.
    func title(_ word: String, _ answer: AnswerStyle, to set: RowSet = .train, _ base: LoweredBase) -> StageTitle {
        let words: [String?] = [
            word, answer == .call ? nil : "reasoning", set == .train ? nil : set.rawValue, base.pipeline.furtherData,
        ]
        let suffix = words.compactMap(\.self).map { ".\($0)" }.joined()
        switch self {
        case .model(let model) where model.isStudent: return .after(model.stage, suffix)
        case .model(let model): return .named(model.role + suffix)
        case .endpoint(_, let role): return .named(role + suffix)
        }
    }
}

extension Lowering {
    /// A teacher's answers to the rows of a set, sorted by the judge.
    ///
    /// - Parameter others: who answers beside it, each its part of the rows.
    /// - Throws: `MissingAnswers` where the recipe has none sampled.
    mutating func addJudged(
        _ base: LoweredBase, teacher: Answerer, beside others: [Answerer] = [], _ answer: AnswerStyle,
        to set: RowSet = .train
    ) throws -> StageID {
        guard var sample = base.pipeline.sample else { throw MissingAnswers() }
        sample.set = set
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
        kind.set = set
        return try builder.add(
            kind, teacher.title("judged", answer, to: set, base),
            inputs: [Stage.Input(name: "data", stage: teacher.view(base))] + rollouts + (try judgingInputs(base)),
            endpoint: judge.endpoint.map(EndpointAccess.init))
    }

    /// - Parameter sample: says which rows of which set are answered.
    private mutating func addRollouts(
        _ base: LoweredBase, _ sample: Sample, teacher: Answerer, _ answer: AnswerStyle
    ) throws -> StageID {
        let title = teacher.title("samples", answer, to: sample.set, base)
        let data = Stage.Input(name: "data", stage: teacher.view(base))
        switch teacher {
        case .endpoint(let endpoint, _):
            var kind = EndpointSample(sample, of: endpoint.model)
            kind.$answer = base.styled(answer)
            return try builder.add(kind, title, inputs: [data], endpoint: EndpointAccess(endpoint))
        case .model(let model):
            var kind = sample
            kind.$prompt = base.prompt
            kind.$answer = base.styled(answer)
            return try builder.add(
                kind, title, inputs: [.init(name: "model", stage: model.stage), data], workload: base.workload(of: model))
        }
    }

    /// The student's rows; where the recipe asks for it, with what the judge accepted of the teacher's answers as what is right.
    mutating func addReferences(_ base: LoweredBase, teacher: LoweredTeacher?) throws -> StageID {
        let pipeline = base.pipeline
        guard pipeline.references.value == .judged, pipeline.sample != nil else { return base.data }
        let asking = pipeline.stepsFromTeacher.filter { $0.method.value.needsTeacher }
        // A teacher at hand that is asked for reasonings alone gives no other answers.
        let reasons = teacher != nil && !asking.isEmpty && asking.allSatisfy { $0.star != nil }
        let model = reasons ? teacher?.reasoning : teacher?.plain
        let endpoint = pipeline.teacher.endpoint.map { Answerer.endpoint($0, role: Pipeline.ownTeacher) }
        guard let answerer = model.map(Answerer.model) ?? endpoint else { return base.data }
        var others: [Answerer] = []
        if let step = asking.first(where: \.sharesAnswers) {
            others = try answerers(beside: answerer, of: step, from: teacher, base)
        }
        let answer: AnswerStyle = reasons ? .reasoning : .call
        let validates = pipeline.studentSteps.contains { $0.training.validation != nil }
        var inputs = [Stage.Input(name: "data", stage: base.data)]
        for set in [RowSet.train] + (validates ? [.valid] : []) {
            let judged = try addJudged(base, teacher: answerer, beside: set == .train ? others : [], answer, to: set)
            inputs.append(.init(name: set == .train ? "judged" : "judged.0", stage: judged))
        }
        var kind = DataReferences.standard
        kind.$answer = pipeline.references.map { _ in answer }
        return try builder.add(kind, .named("\(pipeline.dataName).references"), inputs: inputs)
    }

    /// The teacher's accepted answers; `nil` where none are sampled, and the rows' own are learned.
    mutating func addAnswers(
        _ base: LoweredBase, teacher: LoweredModel, beside others: [Answerer], _ answer: AnswerStyle
    ) throws -> StageID? {
        base.pipeline.sample == nil ? nil : try addJudged(base, teacher: .model(teacher), beside: others, answer)
    }

    /// A teacher's logits on its accepted answers, or on the rows' own; students and recoveries share them.
    ///
    /// - Parameters:
    ///   - view: the rows as the teacher's prompts show them.
    ///   - judged: `nil` where the rows' own answers are scored, in this style.
    ///   - seed: of the training that reads them.
    mutating func addCapture(
        _ distillation: Distillation, _ base: LoweredBase, teacher: LoweredModel, reading view: StageID, judged: StageID?,
        _ answer: AnswerStyle, _ seed: Spanned<Int>
    ) throws -> StageID {
        let accepted = judged.map { [Stage.Input(name: "judged", stage: $0)] } ?? []
        var kind = distillation.capture
        // Rows of groups are read together, and which those are the training alone knows.
        if distillation.scope.value == .used, base.pipeline.data.split.group <= 1 {
            kind.keepRows(of: distillation.train.training, seed: seed)
        }
        kind.$prompt = base.prompt
        kind.$answer = base.styled(base.pipeline.prompting(answer, isJudged: judged != nil))
        return try builder.add(
            kind, Answerer.model(teacher).title("logits", answer, base),
            inputs: [.init(name: "teacher", stage: teacher.stage), .init(name: "data", stage: view)] + accepted,
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
