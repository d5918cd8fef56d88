import Diagnostics

/// Everything that one variant asks for. Variants that agree on a section share it.
public struct Pipeline: Sendable {
    /// Keeps a section in one place however many variants have it.
    final class Shared<Section: Sendable>: Sendable {
        let value: Section
        init(_ value: Section) { self.value = value }
    }

    let sharedData: Shared<DataSection>
    let sharedTokenizer: Shared<TokenizerSection>
    let sharedTeacher: Shared<TeacherSection>
    let sharedTeacherTransfer: Shared<Transfer>
    let sharedStudent: Shared<StudentSection>
    let sharedSample: Shared<SampleSection>
    let sharedJudge: Shared<JudgeSection>
    let sharedTransfer: Shared<Transfer>
    let sharedPrune: Shared<PruneSection?>
    let sharedQuantize: Shared<QuantizeSection?>
    let sharedEvaluate: Shared<EvaluateSection>
    let sharedStages: Shared<[NamedStage]>

    public var data: DataSection { sharedData.value }
    public var tokenizer: TokenizerSection { sharedTokenizer.value }
    public var teacher: TeacherSection { sharedTeacher.value }
    /// How the teacher is corrected.
    public var teacherTransfer: Transfer { sharedTeacherTransfer.value }
    public var student: StudentSection { sharedStudent.value }
    public var sample: SampleSection { sharedSample.value }
    public var judge: JudgeSection { sharedJudge.value }
    /// How the student learns from the teacher.
    public var transfer: Transfer { sharedTransfer.value }
    /// `nil` where nothing is removed.
    public var prune: PruneSection? { sharedPrune.value }
    /// `nil` where weights stay in float.
    public var quantize: QuantizeSection? { sharedQuantize.value }
    public var evaluate: EvaluateSection { sharedEvaluate.value }
    /// The recipe's own stages, in the order of writing.
    public var stages: [NamedStage] { sharedStages.value }

    /// The sets that models answer: those asked for, else those that have rows.
    public var evaluatedSets: [RowSet] {
        evaluate.sets?.value.map(\.value) ?? [.test, .phrasing, .values, .ood].filter(data.setsWithRows.contains)
    }
}

extension Pipeline {
    enum Definition {
        static let data = SectionField("data", DataSection.Definition.mapping, required: true)
        static let tokenizer = SectionField("tokenizer", TokenizerSection.Definition.mapping)
        static let teacher = SectionField("teacher", TeacherSection.Definition.mapping)
        static let student = SectionField("student", StudentSection.Definition.mapping)
        static let sample = SectionField("sample", SampleSection.Definition.mapping)
        static let judge = SectionField("judge", JudgeSection.Definition.mapping)
        static let prune = SectionField("prune", PruneSection.Definition.mapping, standard: "`none`")
        static let quantize = SectionField("quantize", QuantizeSection.Definition.mapping, standard: "`none`")
        static let evaluate = SectionField("evaluate", EvaluateSection.Definition.mapping)
        static let fields: [any DefinedField] = [
            data, tokenizer, teacher, student, sample, judge, Transfer.Definition.top, prune, quantize, evaluate,
            NamedStage.Definition.field,
        ]
    }
}
