import BuildModel
import RecipeLanguage

extension Lowering {
    /// The corrected teacher. It learns from the task's data, from no other model.
    mutating func addTeacher(_ base: LoweredBase) throws -> StageID {
        let teacher = base.pipeline.teacher
        let start = try addInit(teacher.model, title: "teacher.init", base)
        let lesson = Lesson(transfer: teacher.transfer, teacher: start, seed: teacher.model.seed)
        return try addSteps(lesson, to: start, first: { .named("teacher.\($0)") }, base).last ?? start
    }

    /// Every model of the student's chain, in order; the last one is the variant's result.
    mutating func addStudent(_ base: LoweredBase, teacher: StageID) throws -> [StageID] {
        let pipeline = base.pipeline
        let start = try addInit(pipeline.student, title: "student.init", base)
        let lesson = Lesson(transfer: pipeline.transfer, teacher: teacher, seed: pipeline.student.seed)
        var chain = try addSteps(lesson, to: start, first: { .named("student.\($0)") }, base)
        if let prune = pipeline.prune {
            let pruned = try addPruning(prune, of: chain.last ?? start, base)
            chain.append(pruned)
            if let recover = prune.recover {
                let lesson = Lesson(transfer: recover, teacher: teacher, seed: pipeline.student.seed)
                chain += try addSteps(lesson, to: pruned, first: { _ in .after(pruned, ".recover") }, base)
            }
        }
        if let quantize = pipeline.quantize { chain.append(try addQuantization(quantize, of: chain.last ?? start)) }
        return chain
    }

    /// How a model learns, from whom, with which seed.
    private struct Lesson {
        var transfer: Transfer
        var teacher: StageID
        var seed: Spanned<Int>
    }

    private mutating func addInit(_ model: ModelSection, title: String, _ base: LoweredBase) throws -> StageID {
        try builder.add(
            ModelInit(shape: ModelShape(model), seed: model.seed.value), .named(title),
            inputs: [.init(name: "tokenizer", stage: base.tokenizer)],
            origins: [
                Origin("shape.hidden", model.hidden), Origin("shape.layers", model.layers),
                Origin("shape.heads", model.heads), Origin("shape.kv_heads", model.kvHeads),
                Origin("shape.intermediate", model.intermediate), Origin("shape.tied", model.tied),
                Origin("seed", model.seed),
            ])
    }

    /// The models after each step. A step continues the name of the one before: `student.rft`, `student.rft.kd`.
    private mutating func addSteps(
        _ lesson: Lesson, to start: StageID, first: (String) -> StageTitle, _ base: LoweredBase
    ) throws -> [StageID] {
        var models: [StageID] = []
        for step in lesson.transfer.steps {
            let title = models.last.map { StageTitle.after($0, ".\(step.word)") } ?? first(step.word)
            models.append(try addStep(step, of: lesson, to: models.last ?? start, title, base))
        }
        return models
    }

    private mutating func addStep(
        _ step: Transfer.Step, of lesson: Lesson, to model: StageID, _ title: StageTitle, _ base: LoweredBase
    ) throws -> StageID {
        let seed = lesson.seed
        switch step {
        case .sft(let training):
            return try builder.add(
                TrainSFT(training: TrainingParameters(training, seed: seed.value), prompt: base.prompt.value), title,
                inputs: [.init(name: "model", stage: model), .init(name: "data", stage: base.data)],
                origins: Origin.training(training, seed: seed) + [Origin("prompt", base.prompt)])
        case .rft(let training):
            let judged = try addJudged(base, teacher: lesson.teacher)
            return try builder.add(
                TrainSFT(training: TrainingParameters(training, seed: seed.value), prompt: base.prompt.value), title,
                inputs: [
                    .init(name: "model", stage: model), .init(name: "data", stage: base.data),
                    .init(name: "judged", stage: judged),
                ],
                origins: Origin.training(training, seed: seed) + [Origin("prompt", base.prompt)])
        case .kd(let distillation):
            let logits = try addLogits(distillation, base, teacher: lesson.teacher)
            return try builder.add(
                KDTrain(
                    loss: distillation.loss.value.map { LossTerm(loss: .init($0.loss), weight: $0.weight) },
                    temperature: distillation.temperature.value,
                    training: TrainingParameters(distillation.training, seed: seed.value)),
                title, inputs: [.init(name: "model", stage: model), .init(name: "logits", stage: logits)],
                origins: Origin.training(distillation.training, seed: seed) + [
                    Origin("loss", distillation.loss), Origin("temperature", distillation.temperature),
                ])
        }
    }

    /// The teacher's answers to the training prompts, sorted by the judge.
    private mutating func addJudged(_ base: LoweredBase, teacher: StageID) throws -> StageID {
        let (sample, judge) = (base.pipeline.sample, base.pipeline.judge)
        let rollouts = try builder.add(
            Sample(
                samples: sample.samples.value, temperature: sample.temperature.value, maxTokens: sample.maxTokens.value,
                seed: sample.seed.value, prompt: base.prompt.value),
            .named("teacher.samples"),
            inputs: [.init(name: "model", stage: teacher), .init(name: "data", stage: base.data)],
            origins: [
                Origin("samples", sample.samples), Origin("temperature", sample.temperature),
                Origin("max_tokens", sample.maxTokens), Origin("seed", sample.seed), Origin("prompt", base.prompt),
            ])
        return try builder.add(
            Judge(kind: JudgeKind(judge.kind.value), keep: judge.keep.value), .named("teacher.judged"),
            inputs: [.init(name: "data", stage: base.data), .init(name: "rollouts", stage: rollouts)],
            origins: [Origin("kind", judge.kind), Origin("keep", judge.keep)])
    }

    /// The teacher's logits on its accepted answers; students and recoveries share them.
    private mutating func addLogits(
        _ distillation: Distillation, _ base: LoweredBase, teacher: StageID
    ) throws -> StageID {
        let judged = try addJudged(base, teacher: teacher)
        return try builder.add(
            KDCapture(k: distillation.topK.value, prompt: base.prompt.value), .named("teacher.logits"),
            inputs: [
                .init(name: "teacher", stage: teacher), .init(name: "data", stage: base.data),
                .init(name: "judged", stage: judged),
            ],
            origins: [Origin("k", distillation.topK), Origin("prompt", base.prompt)])
    }
}

extension Transfer.Step {
    /// The step in a stage's name.
    fileprivate var word: String {
        switch self {
        case .sft: "sft"
        case .rft: "rft"
        case .kd: "kd"
        }
    }
}
