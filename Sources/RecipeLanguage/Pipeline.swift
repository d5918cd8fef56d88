import Declarations
import Kinds
import Words

/// Everything that one variant asks for. Variants that agree on a section share it.
package struct Pipeline: Sendable {
    /// Keeps a section in one place however many variants have it.
    final class Shared<Section: Sendable>: Sendable {
        let value: Section
        init(_ value: Section) { self.value = value }
    }

    /// The sections, each kept once however many variants have it; one reference to pass around.
    final class Sections: Sendable {
        let task: Shared<TaskSection>
        let data: Shared<DataSection>
        let datasets: Shared<[FurtherData]>
        let instructions: Shared<Spanned<String>>
        let examples: Shared<Spanned<[PromptExample]>>
        let prompts: Shared<PromptsSection>
        let references: Shared<Spanned<ReferenceOrigin>>
        let tokenizer: Shared<TokenizerSection>
        let teacher: Shared<TeacherSection>
        let teacherTransfer: Shared<Transfer>
        let teachers: Shared<[FurtherTeacher]>
        let student: Shared<StudentSection>
        /// The same one for students that differ in nothing but their seeds.
        let studentButForSeed: Shared<Void>
        let sample: Shared<Sample?>
        let judge: Shared<JudgeSection>
        let reward: Shared<RewardSection>
        let transfer: Shared<Transfer>
        let prune: Shared<[PruneTurn]>
        let quantize: Shared<QuantizeSection?>
        let evaluate: Shared<EvaluateSection>
        let baseline: Shared<BaselineSection?>
        let stages: Shared<[NamedStage]>
        let numerics: Shared<Spanned<NumericsProfile>>

        init(
            task: Shared<TaskSection>, data: Shared<DataSection>, datasets: Shared<[FurtherData]>,
            instructions: Shared<Spanned<String>>, examples: Shared<Spanned<[PromptExample]>>,
            prompts: Shared<PromptsSection>, references: Shared<Spanned<ReferenceOrigin>>,
            tokenizer: Shared<TokenizerSection>, teacher: Shared<TeacherSection>,
            teacherTransfer: Shared<Transfer>, teachers: Shared<[FurtherTeacher]>, student: Shared<StudentSection>,
            studentButForSeed: Shared<Void>, sample: Shared<Sample?>, judge: Shared<JudgeSection>,
            reward: Shared<RewardSection>, transfer: Shared<Transfer>, prune: Shared<[PruneTurn]>,
            quantize: Shared<QuantizeSection?>, evaluate: Shared<EvaluateSection>, baseline: Shared<BaselineSection?>,
            stages: Shared<[NamedStage]>, numerics: Shared<Spanned<NumericsProfile>>
        ) {
            (self.task, self.data, self.tokenizer, self.teacher) = (task, data, tokenizer, teacher)
            self.datasets = datasets
            (self.instructions, self.examples, self.prompts) = (instructions, examples, prompts)
            self.references = references
            self.teacherTransfer = teacherTransfer
            (self.teachers, self.student, self.sample, self.judge) = (teachers, student, sample, judge)
            self.studentButForSeed = studentButForSeed
            self.reward = reward
            (self.transfer, self.prune, self.quantize, self.evaluate) = (transfer, prune, quantize, evaluate)
            (self.baseline, self.stages, self.numerics) = (baseline, stages, numerics)
        }

        /// With other rows, and what is particular to them. The recipe's instructions and examples are of its own data.
        func reading(_ set: FurtherData) -> Sections {
            Sections(
                task: Shared(set.task), data: Shared(set.data), datasets: datasets,
                instructions: Shared(Spanned(wrappedValue: "")), examples: Shared(Spanned(wrappedValue: [])),
                prompts: prompts, references: references, tokenizer: tokenizer, teacher: teacher,
                teacherTransfer: teacherTransfer, teachers: teachers, student: student,
                studentButForSeed: studentButForSeed, sample: Shared(set.sample), judge: judge, reward: reward,
                transfer: transfer, prune: prune, quantize: quantize, evaluate: evaluate, baseline: baseline, stages: stages,
                numerics: numerics)
        }
    }

    let sections: Sections
    /// The sets that have rows, where the files of the data tell.
    private(set) var knownSets: Set<String>?
    /// The name of the data beside the recipe's own that stand in their place here; `nil` for the recipe's own.
    package internal(set) var furtherData: String?
    /// What the stages of the data are called.
    package var dataName: String { furtherData.map { "datasets.\($0)" } ?? Self.ownData }

    init(sections: Sections) { self.sections = sections }

    /// The pipeline where it is known which sets have rows when rows are divided.
    func knowing(sets: Set<String>?) -> Pipeline {
        var pipeline = self
        pipeline.knownSets = sets
        // Made of the test rows.
        if let augment = data.augment, augment.rows > 0, sets?.contains(RowSet.test.rawValue) == true {
            pipeline.knownSets?.insert(RowSet.robust.rawValue)
        }
        return pipeline
    }

    /// Equal for variants whose rows are the same and want the same.
    package struct DataIdentity: Hashable, Sendable {
        fileprivate let task: ObjectIdentifier
        fileprivate let data: ObjectIdentifier
    }

    package var dataIdentity: DataIdentity {
        DataIdentity(task: ObjectIdentifier(sections.task), data: ObjectIdentifier(sections.data))
    }

    /// Equal for variants that differ in how weights are quantized, and in nothing else.
    package var identityBeforeQuantization: [ObjectIdentifier] { sectionsAroundStudent + [ObjectIdentifier(sections.student)] }

    /// Equal for variants that differ in the student's seed and in how weights are quantized, and in nothing else.
    package var identityAroundStudent: [ObjectIdentifier] {
        sectionsAroundStudent + [ObjectIdentifier(sections.studentButForSeed)]
    }

    /// Equal for variants that differ in the student's seed, and in nothing else.
    package var identityButForSeed: [ObjectIdentifier] {
        sectionsAroundStudent + [ObjectIdentifier(sections.studentButForSeed), ObjectIdentifier(sections.quantize)]
    }

    /// All but the student's and how weights are quantized.
    private var sectionsAroundStudent: [ObjectIdentifier] {
        [
            ObjectIdentifier(sections.task), ObjectIdentifier(sections.data), ObjectIdentifier(sections.datasets),
            ObjectIdentifier(sections.instructions), ObjectIdentifier(sections.examples), ObjectIdentifier(sections.prompts),
            ObjectIdentifier(sections.references), ObjectIdentifier(sections.tokenizer), ObjectIdentifier(sections.teacher),
            ObjectIdentifier(sections.teacherTransfer), ObjectIdentifier(sections.teachers), ObjectIdentifier(sections.sample),
            ObjectIdentifier(sections.judge), ObjectIdentifier(sections.reward), ObjectIdentifier(sections.transfer),
            ObjectIdentifier(sections.prune), ObjectIdentifier(sections.evaluate), ObjectIdentifier(sections.baseline),
            ObjectIdentifier(sections.stages), ObjectIdentifier(sections.numerics),
        ]
    }

    // Sections are lent, not copied: most who ask for one want a field of it.

    /// What a model does with the rows.
    package var task: TaskSection { _read { yield sections.task.value } }
    package var data: DataSection { _read { yield sections.data.value } }
    /// Rows beside those of `data`, in the order of writing.
    package var datasets: [FurtherData] { _read { yield sections.datasets.value } }
    /// What the model is to do; empty where nothing is said.
    package var instructions: Spanned<String> { _read { yield sections.instructions.value } }
    /// Questions with their answers that prompts show.
    package var examples: Spanned<[PromptExample]> { _read { yield sections.examples.value } }
    package var prompts: PromptsSection { _read { yield sections.prompts.value } }
    /// Where what is right of unlabelled rows comes from.
    package var references: Spanned<ReferenceOrigin> { _read { yield sections.references.value } }
    package var tokenizer: TokenizerSection { _read { yield sections.tokenizer.value } }
    package var teacher: TeacherSection { _read { yield sections.teacher.value } }
    /// How the teacher is corrected.
    package var teacherTransfer: Transfer { _read { yield sections.teacherTransfer.value } }
    /// Those beside the first one, in the order of writing.
    package var teachers: [FurtherTeacher] { _read { yield sections.teachers.value } }
    package var student: StudentSection { _read { yield sections.student.value } }
    /// `nil` where the teacher answers nothing, and students learn from the rows' own answers.
    package var sample: Sample? { _read { yield sections.sample.value } }
    package var judge: JudgeSection { _read { yield sections.judge.value } }
    package var reward: RewardSection { _read { yield sections.reward.value } }
    /// How the student learns from the teacher.
    package var transfer: Transfer { _read { yield sections.transfer.value } }
    /// The turns of pruning; none where nothing is removed.
    package var prune: [PruneTurn] { _read { yield sections.prune.value } }
    /// `nil` where weights stay in float.
    package var quantize: QuantizeSection? { _read { yield sections.quantize.value } }
    package var evaluate: EvaluateSection { _read { yield sections.evaluate.value } }
    /// `nil` where no other system is compared with.
    package var baseline: BaselineSection? { _read { yield sections.baseline.value } }
    /// The recipe's own stages, in the order of writing.
    package var stages: [NamedStage] { _read { yield sections.stages.value } }
    package var numerics: Spanned<NumericsProfile> { _read { yield sections.numerics.value } }

    /// The student's steps and those of its recovery.
    package var studentSteps: [Transfer.Step] { transfer.steps + prune.flatMap { $0.recover?.steps ?? [] } }

    /// The steps of every model that the recipe trains.
    package var allSteps: [Transfer.Step] { studentSteps + teacherTransfer.steps + teachers.flatMap(\.transfer.steps) }

    /// Those of the student that learn from the recipe's teacher, where they learn from any.
    package var stepsFromTeacher: [Transfer.Step] {
        let recovery = prune.flatMap { turn -> [Transfer.Step] in
            let steps = turn.recover?.steps ?? []
            return turn.teacher.value == .unpruned ? steps.filter { $0.teacher != nil } : steps
        }
        return (transfer.steps + recovery).filter { $0.teacher.map { $0.value == Self.ownTeacher } ?? true }
    }

    /// The teacher beside the first one that a step names.
    package func furtherTeacher(of step: Transfer.Step) -> FurtherTeacher? {
        step.teacher.flatMap { name in teachers.first { $0.name.value == name.value } }
    }

    /// The columns of the report: those asked for, else those of the task.
    package var metrics: Spanned<[EvaluateSection.Metric]> {
        if let asked = evaluate.metrics { return asked.map { $0.map(\.value) } }
        let standard = EvaluateSection.Metric.standard(of: task.kind.value, task.rows.reading, answerMethod)
        return Spanned(standard + (evaluatesEndpoint ? [.length, .promptTokens, .price] : []), at: standardMetricsPlace)
    }

    /// Whether a teacher behind an endpoint is a row of the report.
    package var evaluatesEndpoint: Bool { teacher.endpoint != nil && evaluate.teacher.value }

    /// Everything that the student is calibrated on: to prune, to search for a shape, to quantize.
    package var calibrations: [CalibrationData] {
        prune.flatMap { [$0.data, $0.searchData].compactMap { $0 } } + (quantize.map { [$0.data] } ?? [])
    }

    /// The written field that decides the task's own columns: a change of them is blamed on it.
    private var standardMetricsPlace: Place {
        switch task.kind.value {
        case .text where task.rows.$reading.isWritten: task.rows.$reading.place
        case .choice: evaluate.method?.place ?? task.kind.place
        case _ where task.kind.isWritten: task.kind.place
        default: evaluate.metricsPlace
        }
    }

    /// How answers to the evaluated rows are found: as asked for, else as the task has it.
    package var answerMethod: AnswerMethod {
        evaluate.method?.value ?? ([.choice, .rank].contains(task.kind.value) ? .likelihood : .generation)
    }

    /// The sets that models answer: those asked for, else those that have rows other than text.
    package var evaluatedSets: [String] {
        if let asked = evaluate.sets { return asked.value.map(\.value) }
        let standard = [RowSet.test, .phrasing, .values, .ood, .robust].filter { set in
            data.setsWithRows.contains(set) && knownSets?.contains(set.rawValue) ?? true
        }
        let named = data.namedSets.map(\.name.value).filter { knownSets?.contains($0) ?? true }
        return (standard.map(\.rawValue) + named).filter { !data.consistsOfText($0) }
    }
}

extension Pipeline {
    enum Definition {
        static let data = SectionField("data", DataSection.Definition.mapping, required: true)
        static let instructions = Field<String>.instructions
        static let examples = Field<[PromptExample]>.examples
        static let references = Field.choice(
            "references", ReferenceOrigin.rows,
            "Where SFT, oKD, RL and validation take what is right of unlabelled rows from: nowhere, so that they pass such rows "
                + "over (`rows`), or from the teacher's answers that the judge accepted (`judged`).")
        static let tokenizer = SectionField("tokenizer", TokenizerSection.Definition.mapping)
        static let teacher = SectionField("teacher", TeacherSection.Definition.mapping)
        static let student = SectionField("student", StudentSection.Definition.mapping)
        static let reward = SectionField("reward", RewardSection.Definition.mapping)
        static let prune = SectionField("prune", PruneTurn.Definition.mapping, standard: "`none`", isRepeated: true)
        static let quantize = SectionField("quantize", QuantizeSection.Definition.mapping, standard: "`none`")
        static let evaluate = SectionField("evaluate", EvaluateSection.Definition.mapping)
        static let fields: [any DefinedField] = [
            TaskSection.Definition.field, data, FurtherData.Definition.field, instructions, examples,
            PromptsSection.Definition.field, references, tokenizer, teacher, FurtherTeacher.Definition.field, student,
            Sample.Definition.section, JudgeSection.Definition.field, reward,
            Transfer.Definition.top, prune,
            quantize, evaluate, BaselineSection.Definition.field, NamedStage.Definition.field, NumericsProfile.Definition.field,
        ]
    }
}

/// `numerics`: which kernels compute the stages that run or train a model.
package enum NumericsProfile: String, Word {
    case portable
    case native
}

extension NumericsProfile {
    enum Definition {
        static let field = Field.choice(
            "numerics", NumericsProfile.portable,
            "How models are run and trained: `portable` gives the same bytes on every machine; `native` takes the fastest "
                + "kernels of this processor's family, which becomes part of the keys.")
    }
}
