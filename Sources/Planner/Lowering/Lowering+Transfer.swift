import BuildModel
import Declarations
import Kinds
import RecipeLanguage
import Words

/// Whom a student learns from.
struct LoweredTeacher {
    /// Answers in calls; the model before reinforcement learning, untrained where no step learns from it.
    var plain: LoweredModel
    /// Reasons; the end of a chain of its own, which teaches it to from the start. The plain one where no step learns from it.
    var reasoning: LoweredModel
    /// Those that some step learns from, with the titles of their evaluations.
    var used: [(title: (String) -> StageTitle, model: LoweredModel)]
}

extension LoweredTeacher {
    /// A student before its pruning, which is evaluated as such.
    init(unpruned student: LoweredModel) {
        plain = student
        plain.isStudent = true
        reasoning = plain
        used = []
    }
}

extension Lowering {
    /// The corrected teacher, as far as the student's steps need it; `nil` where none does, or none is at hand.
    mutating func addTeacher(_ base: LoweredBase) throws -> LoweredTeacher? {
        let pipeline = base.pipeline
        let steps = pipeline.stepsFromTeacher
        let asking = steps.filter { $0.method.value.needsTeacher || $0.method.value == .preference }
        guard pipeline.teacher.endpoint == nil, !asking.isEmpty || pipeline.transfer.steps.isEmpty else { return nil }
        guard let start = try addStart(pipeline.teacher.origin, seed: pipeline.teacher.seed, "teacher", base) else {
            return nil
        }
        let lessons = pipeline.teacherTransfer.steps
        var teacher = LoweredTeacher(plain: start, reasoning: start, used: [])
        if asking.isEmpty || asking.contains(where: { $0.star == nil }) {
            let before = lessons.prefix { $0.method.value != .reinforcement }
            teacher.plain = try addSteps(before, to: start, .call, base)
            teacher.used.append(({ .named("teacher.\($0)") }, teacher.plain))
        }
        teacher.reasoning = teacher.plain
        if asking.contains(where: { $0.star != nil }) {
            teacher.reasoning = try addSteps(lessons[...], to: start, .reasoning, base)
            let stage = teacher.reasoning.stage
            teacher.used.append(({ .after(stage, ".\($0)") }, teacher.reasoning))
        }
        return teacher
    }

    /// The teacher after its lessons, which teach it to answer in this style.
    private mutating func addSteps(
        _ lessons: ArraySlice<Transfer.Step>, to start: LoweredModel, _ answer: AnswerStyle, _ base: LoweredBase
    ) throws -> LoweredModel {
        var model = start
        model.answer = answer
        for step in lessons {
            let word = step.method.value.word
            let title: StageTitle =
                model.stage == start.stage
                ? .named(answer == .call ? "teacher.\(word)" : "teacher.\(word).reasoning") : .after(model.stage, ".\(word)")
            model = try addStep(step, to: model, from: nil, seed: base.pipeline.teacher.seed, title, base)
        }
        return model
    }

    /// The student's first model, and every model of its chain up to its quantization, in order.
    mutating func addStudent(
        _ base: LoweredBase, teacher: LoweredTeacher?
    ) throws -> (start: LoweredModel, chain: [LoweredModel])? {
        let pipeline = base.pipeline
        let seed = pipeline.student.seed
        guard let start = try addStart(pipeline.student.origin, seed: seed, "student", base) else { return nil }
        var chain: [LoweredModel] = []
        for step in pipeline.transfer.steps {
            let title: StageTitle =
                chain.last.map { .after($0.stage, ".\(step.method.value.word)") } ?? .named("student.\(step.method.value.word)")
            chain.append(try addStep(step, to: chain.last ?? start, from: teacher, seed: seed, title, base))
        }
        chain += try addPruning(pipeline.prune, of: chain.last ?? start, from: teacher, seed: seed, base)
        return (start, chain)
    }

    /// The model before its first step.
    mutating func addStart(
        _ origin: ModelOrigin, seed: Spanned<Int>, _ role: String, _ base: LoweredBase
    ) throws -> LoweredModel? {
        switch origin {
        case .from(let name, let answer):
            return try addImport(name, answer, base.pipeline).map { LoweredModel(stage: $0, size: nil, answer: .call) }
        case .initial(let shape):
            let own = role == "student" ? base.pipeline.student.tokenizer : nil
            guard let tokenizer = try addTokenizer(base, own: own) else { return nil }
            var kind = ModelInit.standard
            kind.shape = shape
            kind.$seed = seed
            let stage = try builder.add(
                kind, .named("\(role).init"), inputs: [.init(name: "tokenizer", stage: tokenizer)])
            let size = ModelSize(shape, vocabulary: (own ?? base.pipeline.tokenizer).vocabulary.value)
            return LoweredModel(stage: stage, size: size, answer: .call)
        }
    }

    /// The model after one step of a transfer. Where adapters are trained, that is the model with them added.
    mutating func addStep(
        _ step: Transfer.Step, to model: LoweredModel, from teacher: LoweredTeacher?, seed: Spanned<Int>, _ title: StageTitle,
        _ base: LoweredBase
    ) throws -> LoweredModel {
        guard step.training.lora != nil else {
            return try addTraining(step, to: model, from: teacher, seed: seed, title, base)
        }
        let aside = StageTitle(parent: title.parent, suffix: title.suffix + ".adapters")
        var learned = try addTraining(step, to: model, from: teacher, seed: seed, aside, base)
        learned.stage = try builder.add(
            AdapterMerge.standard, title,
            inputs: [.init(name: "model", stage: model.stage), .init(name: "adapters", stage: learned.stage)])
        return learned
    }

    /// What one step of a transfer trains: a model, or adapters.
    private mutating func addTraining(
        _ step: Transfer.Step, to model: LoweredModel, from teacher: LoweredTeacher?, seed: Spanned<Int>, _ title: StageTitle,
        _ base: LoweredBase
    ) throws -> LoweredModel {
        let answer: AnswerStyle = step.star == nil ? .call : .reasoning
        let tutor = step.star == nil ? teacher?.plain : teacher?.reasoning
        var learned = model
        var inputs = [Stage.Input(name: "model", stage: model.stage), Stage.Input(name: "data", stage: base.data)]
        let workload = base.workload(of: model)
        switch step.kind {
        case .sft(var kind):
            kind.training.complete(seed, base, model.answer)
            kind.$prompt = base.prompt
            kind.$answer = base.styled(model.answer)
            learned.stage = try builder.add(kind, title, inputs: inputs, workload: workload)
        case .rft(var kind):
            learned.answer = answer
            inputs.append(.init(name: "judged", stage: try addJudged(base, teacher: tutor, answer)))
            kind.training.complete(seed, base, answer)
            kind.$prompt = base.prompt
            learned.stage = try builder.add(kind, title, inputs: inputs, workload: workload)
        case .kd(let distillation):
            learned.answer = answer
            guard let tutor else { throw MissingTeacher() }
            let judged = try addAnswers(base, teacher: tutor, answer)
            let logits = try addLogits(distillation, base, teacher: tutor, judged: judged, answer)
            // A student of other tokens reads the answers itself.
            let readsAnswers = distillation.train.loss.bridgesVocabularies
            if step.training.validation == nil, !readsAnswers { inputs.removeLast() }
            if readsAnswers, let judged { inputs.append(.init(name: "judged", stage: judged)) }
            inputs += logits.enumerated().map { .init(name: $0 == 0 ? "logits" : "logits.\($0 - 1)", stage: $1) }
            var kind = distillation.train
            kind.training.complete(seed, base, answer)
            kind.$teacherWeights = base.pipeline.teacherWeights
            if readsAnswers {
                kind.$prompt = base.prompt
                kind.$answer = base.styled(judged == nil ? answer : .call)
            }
            learned.stage = try builder.add(kind, title, inputs: inputs, workload: workload)
        case .onPolicy(var kind):
            guard let tutor else { throw MissingTeacher() }
            inputs.insert(.init(name: "teacher", stage: tutor.stage), at: 1)
            kind.training.complete(seed, base, model.answer)
            kind.$prompt = base.prompt
            kind.$answer = base.styled(model.answer)
            learned.stage = try builder.add(kind, title, inputs: inputs, workload: workload)
        case .reinforcement(var kind):
            kind.training.complete(seed, base, model.answer)
            kind.$prompt = base.prompt
            kind.$answer = base.styled(model.answer)
            learned.stage = try builder.add(kind, title, inputs: inputs, workload: workload)
        case .preference(var kind):
            inputs.append(.init(name: "judged", stage: try addJudged(base, teacher: teacher?.plain ?? model, model.answer)))
            kind.training.complete(seed, base, model.answer)
            kind.$prompt = base.prompt
            learned.stage = try builder.add(kind, title, inputs: inputs, workload: workload)
        }
        return learned
    }
}

extension TrainingParameters {
    /// Adds what other parts of the recipe decide.
    fileprivate mutating func complete(_ seed: Spanned<Int>, _ base: LoweredBase, _ answer: AnswerStyle) {
        $seed = seed
        validation?.$prompt = base.prompt
        validation?.$answer = base.styled(answer)
    }
}

/// A step learns from a teacher that the checks of the recipe let pass.
struct MissingTeacher: Error, CustomStringConvertible {
    var description: String { "A step learns from a teacher, and there is none." }
}

extension Lowering {
    /// What the teachers beside the first one say of the same answers: the logits of each.
    mutating func addFurtherLogits(
        _ distillation: Distillation, _ base: LoweredBase, judged: StageID?, _ answer: AnswerStyle
    ) throws -> [StageID] {
        var logits: [StageID] = []
        for teacher in base.pipeline.teachers {
            guard let model = try addFurtherTeacher(teacher, base) else { continue }
            let title = "teachers.\(teacher.name.value).logits" + (answer == .call ? "" : ".reasoning")
            logits.append(try addCapture(distillation, base, teacher: model, judged: judged, answer, .named(title)))
        }
        return logits
    }

    /// A teacher beside the first one, corrected; `nil` where a problem was found.
    private mutating func addFurtherTeacher(_ teacher: FurtherTeacher, _ base: LoweredBase) throws -> LoweredModel? {
        let role = "teachers.\(teacher.name.value)"
        guard var model = try addStart(teacher.origin, seed: teacher.seed, role, base) else { return nil }
        for (place, step) in teacher.transfer.steps.enumerated() {
            let word = step.method.value.word
            let title: StageTitle = place == 0 ? .named("\(role).\(word)") : .after(model.stage, ".\(word)")
            model = try addStep(step, to: model, from: nil, seed: teacher.seed, title, base)
        }
        return model
    }
}

extension Pipeline {
    /// Each teacher's share of the divergences, in the order of the inputs; `nil` where there is one teacher.
    var teacherWeights: Spanned<[Double]?> {
        guard let first = teachers.first else { return Spanned(wrappedValue: nil) }
        let weights = [1] + teachers.map(\.weight.value)
        let sum = weights.reduce(0, +)
        let parts = teachers.enumerated().map { ("\($0 + 1)", $1.weight.place) }
        return Spanned(
            weights.map { $0 / sum },
            at: Place(first.weight.span, field: first.weight.field, parts: Dictionary(parts, uniquingKeysWith: { $1 })))
    }
}
