import BuildModel
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
            teacher.plain = try addLessons(before, to: start, .call, base)
            teacher.used.append(({ .named("teacher.\($0)") }, teacher.plain))
        }
        teacher.reasoning = teacher.plain
        if asking.contains(where: { $0.star != nil }) {
            teacher.reasoning = try addLessons(lessons[...], to: start, .reasoning, base)
            let stage = teacher.reasoning.stage
            teacher.used.append(({ .after(stage, ".\($0)") }, teacher.reasoning))
        }
        return teacher
    }

    /// The teacher after its lessons, which teach it to answer in this style.
    private mutating func addLessons(
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
        if let prune = pipeline.prune {
            chain += try addPruning(prune, of: chain.last ?? start, from: teacher, seed: seed, base)
        }
        return (start, chain)
    }

    /// The model before its first step.
    mutating func addStart(
        _ origin: ModelOrigin, seed: Spanned<Int>, _ role: String, _ base: LoweredBase
    ) throws -> LoweredModel? {
        switch origin {
        case .from(let name):
            return try addImport(name, base.pipeline).map { LoweredModel(stage: $0, size: nil, answer: .call) }
        case .initial(let shape):
            guard let tokenizer = try addTokenizer(base) else { return nil }
            let stage = try builder.add(
                ModelInit(shape: ModelShape(shape), seed: seed.value), .named("\(role).init"),
                inputs: [.init(name: "tokenizer", stage: tokenizer)],
                origins: [
                    Origin("shape.hidden", shape.hidden), Origin("shape.layers", shape.layers),
                    Origin("shape.heads", shape.heads), Origin("shape.kv_heads", shape.kvHeads),
                    Origin("shape.intermediate", shape.intermediate), Origin("shape.tied", shape.tied),
                    Origin("seed", seed),
                ])
            let size = ModelSize(shape, vocabulary: base.pipeline.tokenizer.vocabulary.value)
            return LoweredModel(stage: stage, size: size, answer: .call)
        }
    }

    /// The model after one step of a transfer. Where adapters are trained, that is the model with them added.
    mutating func addStep(
        _ step: Transfer.Step, to model: LoweredModel, from teacher: LoweredTeacher?, seed: Spanned<Int>, _ title: StageTitle,
        _ base: LoweredBase
    ) throws -> LoweredModel {
        guard step.lesson.training.lowRank != nil else {
            return try addLesson(step, to: model, from: teacher, seed: seed, title, base)
        }
        let aside = StageTitle(parent: title.parent, suffix: title.suffix + ".adapters")
        var learned = try addLesson(step, to: model, from: teacher, seed: seed, aside, base)
        learned.stage = try builder.add(
            AdapterMerge(), title,
            inputs: [.init(name: "model", stage: model.stage), .init(name: "adapters", stage: learned.stage)])
        return learned
    }

    /// What one step of a transfer trains: a model, or adapters.
    private mutating func addLesson(
        _ step: Transfer.Step, to model: LoweredModel, from teacher: LoweredTeacher?, seed: Spanned<Int>, _ title: StageTitle,
        _ base: LoweredBase
    ) throws -> LoweredModel {
        let (prompt, work) = (base.prompt, base.work)
        let answer: AnswerStyle = step.star == nil ? .call : .reasoning
        let tutor = step.star == nil ? teacher?.plain : teacher?.reasoning
        var learned = model
        let inputs = [Stage.Input(name: "model", stage: model.stage), Stage.Input(name: "data", stage: base.data)]
        switch step.lesson {
        case .sft(let training):
            learned.stage = try builder.add(
                TrainSFT(
                    training: TrainingParameters(training, seed: seed.value, prompt: prompt.value, answer: model.answer),
                    prompt: prompt.value, answer: model.answer.unlessCall),
                title, inputs: inputs, work: work.training(model.size, training),
                origins: Origin.training(training, seed: seed) + [
                    Origin("prompt", prompt), Origin("answer", base.pipeline.transfer.field),
                ])
        case .rft(let training):
            learned.answer = answer
            let judged = try addJudged(base, teacher: tutor, answer)
            learned.stage = try builder.add(
                TrainSFT(
                    training: TrainingParameters(training, seed: seed.value, prompt: prompt.value, answer: answer),
                    prompt: prompt.value),
                title,
                inputs: inputs + [.init(name: "judged", stage: judged)], work: work.training(model.size, training),
                origins: Origin.training(training, seed: seed) + [Origin("prompt", prompt)])
        case .kd(let distillation):
            learned.answer = answer
            guard let tutor else { throw MissingTeacher() }
            let logits = try addLogits(distillation, base, teacher: tutor, answer)
            learned.stage = try builder.add(
                KDTrain(
                    loss: distillation.loss.value, temperature: distillation.temperature.value,
                    promptShare: distillation.promptShare.value, tail: distillation.tail.value,
                    training: TrainingParameters(
                        distillation.training, seed: seed.value, prompt: prompt.value, answer: answer),
                    teacherWeights: base.pipeline.teacherWeights),
                title,
                inputs: [.init(name: "model", stage: model.stage)]
                    + (distillation.training.validateEvery == nil ? [] : [.init(name: "data", stage: base.data)])
                    + logits.enumerated().map { .init(name: $0 == 0 ? "logits" : "logits.\($0 - 1)", stage: $1) },
                work: work.training(model.size, distillation.training),
                origins: Origin.training(distillation.training, seed: seed) + [
                    Origin("loss", distillation.loss), Origin("temperature", distillation.temperature),
                    Origin("prompt_share", distillation.promptShare), Origin("tail", distillation.tail),
                ] + base.pipeline.teachers.map { Origin("teacher_weights", $0.weight) })
        case .onPolicy(let distillation):
            guard let tutor else { throw MissingTeacher() }
            learned.stage = try addOnPolicy(distillation, to: model, from: tutor, seed: seed, title, base)
        case .reinforcement(let reinforcement):
            learned.stage = try addReinforcement(reinforcement, to: model, seed: seed, title, base)
        case .preference(let preference):
            let judged = try addJudged(base, teacher: teacher?.plain ?? model, model.answer)
            learned.stage = try builder.add(
                DPOTrain(
                    beta: preference.beta.value,
                    training: TrainingParameters(
                        preference.training, seed: seed.value, prompt: prompt.value, answer: model.answer),
                    prompt: prompt.value),
                title, inputs: inputs + [.init(name: "judged", stage: judged)],
                work: work.training(model.size, preference.training).map { $0 * 2 },
                origins: Origin.training(preference.training, seed: seed) + [
                    Origin("beta", preference.beta), Origin("prompt", prompt),
                ])
        }
        return learned
    }

    private mutating func addOnPolicy(
        _ distillation: OnPolicyDistillation, to model: LoweredModel, from teacher: LoweredModel, seed: Spanned<Int>,
        _ title: StageTitle, _ base: LoweredBase
    ) throws -> StageID {
        try builder.add(
            KDOnPolicy(
                loss: distillation.loss.value, temperature: distillation.temperature.value,
                tokens: distillation.tokens.value, fraction: distillation.fraction.value,
                samplingTemperature: distillation.samplingTemperature.value,
                training: TrainingParameters(
                    distillation.training, seed: seed.value, prompt: base.prompt.value, answer: model.answer),
                prompt: base.prompt.value,
                answer: model.answer),
            title,
            inputs: [
                .init(name: "model", stage: model.stage), .init(name: "teacher", stage: teacher.stage),
                .init(name: "data", stage: base.data),
            ],
            work: base.work.training(model.size, distillation.training).map { $0 * 2 },
            origins: Origin.training(distillation.training, seed: seed) + [
                Origin("loss", distillation.loss), Origin("temperature", distillation.temperature),
                Origin("tokens", distillation.tokens), Origin("fraction", distillation.fraction),
                Origin("sampling_temperature", distillation.samplingTemperature), Origin("prompt", base.prompt),
                Origin("answer", base.pipeline.transfer.field),
            ])
    }

    private mutating func addReinforcement(
        _ reinforcement: Reinforcement, to model: LoweredModel, seed: Spanned<Int>, _ title: StageTitle, _ base: LoweredBase
    ) throws -> StageID {
        try builder.add(
            RLTrain(
                rollouts: reinforcement.rollouts.value, tokens: model.answer.tokens(reinforcement.tokens),
                samplingTemperature: reinforcement.samplingTemperature.value, clip: reinforcement.clip.value,
                kl: reinforcement.kl.value, nameReward: reinforcement.nameReward.value,
                argumentsReward: reinforcement.argumentsReward.value,
                training: TrainingParameters(reinforcement.training, seed: seed.value), prompt: base.prompt.value,
                answer: model.answer.unlessCall, updates: reinforcement.updates.value == 1 ? nil : reinforcement.updates.value),
            title, inputs: [.init(name: "model", stage: model.stage), .init(name: "data", stage: base.data)],
            work: base.work.reinforcement(model.size, reinforcement),
            origins: Origin.training(reinforcement.training, seed: seed) + [
                Origin("rollouts", reinforcement.rollouts), Origin("tokens", reinforcement.tokens),
                Origin("sampling_temperature", reinforcement.samplingTemperature), Origin("clip", reinforcement.clip),
                Origin("kl", reinforcement.kl), Origin("name_reward", reinforcement.nameReward),
                Origin("arguments_reward", reinforcement.argumentsReward), Origin("prompt", base.prompt),
                Origin("answer", base.pipeline.transfer.field), Origin("updates", reinforcement.updates),
            ])
    }
}

/// A step learns from a teacher that the checks of the recipe let pass.
struct MissingTeacher: Error, CustomStringConvertible {
    var description: String { "A step learns from a teacher, and there is none." }
}
