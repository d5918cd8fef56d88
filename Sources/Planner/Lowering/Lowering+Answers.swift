import BuildModel
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
        return try builder.add(
            Judge(
                kind: judge.kind.value, keep: judge.keep.value, answer: answer, question: Self.question(of: judge)),
            Self.title("judged", of: teacher, answer),
            inputs: [.init(name: "data", stage: base.data), .init(name: "rollouts", stage: rollouts)]
                + (try judgeInput(base)),
            endpoint: judge.endpoint.map(EndpointAccess.init),
            origins: [
                Origin("kind", judge.kind), Origin("keep", judge.keep), Origin("question", judge.prompt),
                Origin("answer", base.pipeline.transfer.field),
            ])
    }

    private mutating func addRollouts(
        _ base: LoweredBase, _ sample: SampleSection, teacher: LoweredModel?, _ answer: AnswerStyle
    ) throws -> StageID {
        let origins: @Sendable () -> [Origin] = {
            [
                Origin("samples", sample.samples), Origin("temperature", sample.temperature),
                Origin("max_tokens", sample.maxTokens), Origin("seed", sample.seed), Origin("prompt", base.prompt),
                Origin("answer", base.pipeline.transfer.field),
            ]
        }
        guard let teacher else {
            guard let endpoint = base.pipeline.teacher.endpoint else { throw MissingTeacher() }
            return try builder.add(
                EndpointSample(
                    endpoint: EndpointParameters(endpoint), samples: sample.samples.value,
                    temperature: sample.temperature.value, maxTokens: sample.maxTokens.value, seed: sample.seed.value),
                .named("teacher.samples"), inputs: [.init(name: "data", stage: base.data)], endpoint: EndpointAccess(endpoint),
                origins: origins() + [Origin("endpoint.model", endpoint.model)])
        }
        return try builder.add(
            Sample(
                samples: sample.samples.value, temperature: sample.temperature.value,
                maxTokens: answer.tokens(sample.maxTokens), seed: sample.seed.value, prompt: base.prompt.value, answer: answer,
                constrained: sample.constrained.value ? true : nil),
            Self.title("samples", of: teacher, answer),
            inputs: [.init(name: "model", stage: teacher.stage), .init(name: "data", stage: base.data)],
            work: base.work.pass(teacher.size, over: .train, times: sample.samples.value),
            origins: origins() + [Origin("constrained", sample.constrained)])
    }

    /// The teacher's logits on its accepted answers, or on the rows' own where none are sampled, then those of further teachers
    /// on the same; students and recoveries share them.
    mutating func addLogits(
        _ distillation: Distillation, _ base: LoweredBase, teacher: LoweredModel, _ answer: AnswerStyle
    ) throws -> [StageID] {
        let judged: StageID? = base.pipeline.sample == nil ? nil : try addJudged(base, teacher: teacher, answer)
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
        return try builder.add(
            KDCapture(
                k: distillation.topK.value, prompt: base.prompt.value,
                wholeSequence: distillation.promptShare.value > 0 ? true : nil,
                answer: judged == nil ? answer.unlessCall : nil),
            title,
            inputs: [.init(name: "teacher", stage: teacher.stage), .init(name: "data", stage: base.data)] + accepted,
            work: base.work.pass(teacher.size, over: .train),
            origins: [
                Origin("k", distillation.topK), Origin("prompt", base.prompt),
                Origin("whole_sequence", distillation.promptShare),
            ] + (judged == nil ? [Origin("answer", base.pipeline.transfer.field)] : []))
    }

    /// What a teacher gives, under its role's name; a student that teaches has a name of its own.
    private static func title(_ word: String, of teacher: LoweredModel?, _ answer: AnswerStyle) -> StageTitle {
        let word = answer == .call ? word : word + ".reasoning"
        guard let teacher, teacher.isStudent else { return .named("teacher.\(word)") }
        return .after(teacher.stage, ".\(word)")
    }

    /// What a judging model is asked; `nil` where rules decide.
    static func question(of judge: JudgeSection) -> ModelQuestion? {
        guard judge.kind.value == .model else { return nil }
        return ModelQuestion(prompt: judge.prompt.value, endpoint: judge.endpoint.map(EndpointParameters.init))
    }

    /// The judging model, where one at hand decides.
    mutating func judgeInput(_ base: LoweredBase) throws -> [Stage.Input] {
        guard base.pipeline.judge.kind.value == .model, let from = base.pipeline.judge.from,
            let model = try addImport(from, base.pipeline)
        else { return [] }
        return [.init(name: "judge", stage: model)]
    }
}

/// A step learns from judged answers that the checks of the recipe let pass, and none are sampled.
struct MissingAnswers: Error, CustomStringConvertible {
    var description: String { "A step learns from a teacher's answers, and none are sampled." }
}
