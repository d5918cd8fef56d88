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
        let answers = pipeline.references.value == .judged
        guard pipeline.teacher.endpoint == nil, !asking.isEmpty || answers else { return nil }
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

    /// The student's first model, and every model of its chain up to its quantization, in order. A student that learns nothing is
    /// the first of its chain.
    mutating func addStudent(
        _ base: LoweredBase, teacher: LoweredTeacher?
    ) throws -> (start: LoweredModel, chain: [LoweredModel])? {
        let pipeline = base.pipeline
        let seed = pipeline.student.seed
        guard var start = try addStart(pipeline.student.origin, seed: seed, "student", base) else { return nil }
        if let kept = pipeline.student.vocabulary { start = try addVocabulary(kept, of: start, base) }
        var chain = pipeline.transfer.steps.isEmpty ? [start] : []
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
        let side: LoweredModel.Side = role == "student" ? .student : .teacher
        switch origin {
        case .from(let name, let answer):
            return try addImport(name, answer: answer, base.pipeline).map {
                // A stage of the recipe's own may have drawn it.
                let isImported = !base.pipeline.stages.contains { $0.name.value == name.value }
                return LoweredModel(
                    stage: $0, work: models[name.value]?.work, answer: .call, side: side,
                    isPretrained: name.map { _ in isImported })
            }
        case .initial(let shape):
            let own = side == .student ? base.pipeline.student.tokenizer : nil
            guard let tokenizer = try addTokenizer(base, own: own) else { return nil }
            var kind = ModelInit.standard
            kind.shape = shape
            kind.$seed = seed
            let stage = try builder.add(
                kind, .named("\(role).init"), inputs: [.init(name: "tokenizer", stage: tokenizer)])
            let size = ModelSize(shape, vocabulary: (own ?? base.pipeline.tokenizer).vocabulary.value)
            return LoweredModel(stage: stage, work: size.work, answer: .call, side: side)
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
            inputs: [.init(name: "model", stage: model.stage), .init(name: "adapters", stage: learned.stage)],
            workload: base.workload(of: model))
        return learned
    }

    /// What one step of a transfer trains: a model, or adapters.
    ///
    /// - Parameter home: with the recipe's own data; the step may name others.
    private mutating func addTraining(
        _ step: Transfer.Step, to model: LoweredModel, from teacher: LoweredTeacher?, seed: Spanned<Int>, _ title: StageTitle,
        _ home: LoweredBase
    ) throws -> LoweredModel {
        var base = try base(of: step, home)
        if base.pipeline.furtherData != nil, model.side == .student {
            base.lessons = try addReferences(base, teacher: teacher)
        }
        let answer: AnswerStyle = step.star == nil ? .call : .reasoning
        let tutor = try tutor(of: step, from: teacher, home)
        let others = try answerers(beside: tutor, of: step, from: teacher, home)
        var learned = model
        var inputs = [
            Stage.Input(name: "model", stage: model.stage), Stage.Input(name: "data", stage: base.lessons(of: model)),
        ]
        let workload = base.workload(of: model)
        switch step.kind {
        case .sft(var kind):
            kind.training.complete(step, seed, base, model, model.answer)
            kind.$prompt = base.prompt
            kind.$answer = base.styled(model.answer)
            learned.stage = try addRun(of: kind, step, title, inputs: inputs, workload: workload)
        case .rft(var kind):
            learned.answer = answer
            guard let tutor else { throw MissingTeacher() }
            inputs.append(.init(name: "judged", stage: try addJudged(base, teacher: tutor, beside: others, answer)))
            kind.training.complete(step, seed, base, model, answer)
            kind.$prompt = base.prompt
            kind.$answer = base.styled(base.pipeline.prompting(answer, isJudged: true))
            learned.stage = try addRun(of: kind, step, title, inputs: inputs, workload: workload)
        case .kd(let distillation):
            learned.answer = answer
            guard case .model(let tutor)? = tutor else { throw MissingTeacher() }
            let judged = try addAnswers(base, teacher: tutor, beside: others, answer)
            let view = base.view(of: tutor)
            let scorer = try add(tutor, over: model, step)
            if distillation.scope.value == .nothing {
                inputs.insert(.init(name: "teacher", stage: scorer.stage), at: 1)
                if let judged { inputs.append(.init(name: "judged", stage: judged)) }
                var kind = KDDirect(distillation.capture, distillation.train)
                kind.training.complete(step, seed, base, model, answer)
                kind.$prompt = base.prompt
                kind.$answer = base.styled(base.pipeline.prompting(answer, isJudged: judged != nil))
                learned.stage = try addRun(of: kind, step, title, inputs: inputs, workload: workload)
                break
            }
            var logits = [try addCapture(distillation, base, teacher: scorer, reading: view, judged: judged, answer, seed)]
            if step.teacher == nil {
                logits += try addFurtherLogits(
                    distillation, base, home, of: step, for: model, reading: view, judged: judged, answer, seed)
            }
            var kind = distillation.train
            kind.training.complete(step, seed, base, model, answer)
            // A student of other tokens, or of other prompts, reads the answers itself.
            let hasOwnPrompts = view != base.view(of: model)
            let readsAnswers = distillation.train.loss.bridgesVocabularies || hasOwnPrompts
            if kind.training.validation == nil, !readsAnswers { inputs.removeLast() }
            if readsAnswers, let judged { inputs.append(.init(name: "judged", stage: judged)) }
            inputs += logits.enumerated().map { .init(name: $0 == 0 ? "logits" : "logits.\($0 - 1)", stage: $1) }
            if step.teacher == nil { kind.$teacherWeights = base.pipeline.teacherWeights }
            if hasOwnPrompts, !kind.loss.bridgesVocabularies { kind.$ownPrompts = base.pipeline.viewsApart }
            if readsAnswers {
                kind.$prompt = base.prompt
                kind.$answer = base.styled(base.pipeline.prompting(answer, isJudged: judged != nil))
            }
            learned.stage = try addRun(of: kind, step, title, inputs: inputs, workload: workload)
        case .onPolicy(var kind):
            guard case .model(let tutor)? = tutor else { throw MissingTeacher() }
            inputs.insert(.init(name: "teacher", stage: try add(tutor, over: model, step).stage), at: 1)
            let view = base.view(of: tutor)
            if view != base.view(of: model) { inputs.append(.init(name: "teacher_data", stage: view)) }
            kind.training.complete(step, seed, base, model, model.answer)
            kind.$prompt = base.prompt
            kind.$answer = base.styled(model.answer)
            learned.stage = try addRun(of: kind, step, title, inputs: inputs, workload: workload)
        case .reinforcement(var kind):
            kind.takeRewards(from: base.pipeline.reward.terms)
            if kind.judgeReward > 0 {
                let judge = base.pipeline.judge.judge
                (kind.$judge, kind.$checks, kind.$question) = (judge.$kind, judge.$checks, judge.$question)
                inputs += try judgingInputs(base)
            }
            if kind.execReward > 0 { inputs += try addCommand(of: &kind, base) }
            kind.training.complete(step, seed, base, model, model.answer, endsEarly: false)
            kind.$prompt = base.prompt
            kind.$answer = base.styled(model.answer)
            learned.stage = try addRun(of: kind, step, title, inputs: inputs, workload: workload)
        case .preference(var kind):
            let answerer = step.teacher == nil ? Answerer.model(teacher?.plain ?? model) : tutor ?? .model(model)
            let judged = try addJudged(base, teacher: answerer, beside: others, model.answer)
            inputs.append(.init(name: "judged", stage: judged))
            kind.training.complete(step, seed, base, model, model.answer, endsEarly: false)
            kind.$prompt = base.prompt
            learned.stage = try addRun(of: kind, step, title, inputs: inputs, workload: workload)
        }
        return learned
    }

    /// The command that rewards answers, and the source of its files.
    private mutating func addCommand(of kind: inout RLTrain, _ base: LoweredBase) throws -> [Stage.Input] {
        let reward = base.pipeline.reward
        if let command = reward.command { kind.$command = command.map(Optional.some) }
        guard let script = reward.script, let stage = try addReference(script, base.pipeline) else { return [] }
        return [.init(name: "script", stage: stage)]
    }
}

extension Lowering {
    /// The stage of a training. Where longer ones shall go on from it, stages before it do the steps up to each cut: no
    /// parameter of theirs depends on how long the training is, so trainings of all lengths have them in common.
    mutating func addRun(
        of kind: some TrainingKind, _ step: Transfer.Step, _ title: StageTitle, inputs: [Stage.Input], workload: Workload
    ) throws -> StageID {
        guard let part = step.continuation?.every else {
            return try builder.add(kind, title, inputs: inputs, workload: workload)
        }
        var rest = kind
        var state: [Stage.Input] = []
        for end in kind.training.cuts(every: part.value) {
            var trunk = rest
            trunk.training.becomeTrunk(of: end, cut: part)
            let stage = try builder.add(
                trunk, StageTitle(parent: title.parent, suffix: "\(title.suffix).until\(end)"), inputs: inputs + state,
                workload: workload)
            rest.training.goOn(from: end, cut: part)
            state = [.init(name: "state", stage: stage)]
        }
        return try builder.add(rest, title, inputs: inputs + state, workload: workload)
    }
}

extension TrainingParameters {
    /// Adds what other parts of the recipe decide.
    ///
    /// - Parameters:
    ///   - step: says whether longer trainings have the first steps in common.
    ///   - endsEarly: whether the rows' own answers can judge a training that nobody says how often to look at.
    fileprivate mutating func complete(
        _ step: Transfer.Step, _ seed: Spanned<Int>, _ base: LoweredBase, _ model: LoweredModel, _ answer: AnswerStyle,
        endsEarly: Bool = true
    ) {
        $seed = seed
        follow(pretrained: model.isPretrained)
        let part = step.continuation?.every
        if let part { countWarmup(in: part) }
        if endsEarly, answer == .call, base.pipeline.canValidate {
            followValidation(
                pretrained: model.isPretrained, valid: base.pipeline.data.split.$valid, part: part?.value)
        }
        validation?.$prompt = base.prompt
        validation?.$answer = base.styled(answer)
        let group = base.pipeline.data.split.$group
        if group.value > 1 { $sharePrefixes = $sharePrefixes.or(group) { $0 > 1 } }
    }
}

/// A step learns from a teacher that the checks of the recipe let pass.
struct MissingTeacher: Error, CustomStringConvertible {
    var description: String { "A step learns from a teacher, and there is none." }
}
