import Declarations
import Diagnostics
import Kinds

/// How a model learns: steps one after the other.
package struct Transfer: Sendable {
    /// Methods by the names of the notation.
    package enum Method: String, CaseIterable, Sendable {
        case sft = "SFT"
        case rft = "RFT"
        case kd = "KD"
        case onPolicy = "oKD"
        case reinforcement = "RL"
        case preference = "DPO"

        /// The step in a stage's name.
        package var word: String { rawValue.lowercased() }
        /// Whether the step learns from another model's logits.
        package var needsLogits: Bool { self == .kd || self == .onPolicy }
        /// Whether the step learns from a teacher at all.
        package var needsTeacher: Bool { needsLogits || self == .rft }
        /// Whether the step learns from nothing but answers that were sampled before it and judged.
        package var needsJudgedAnswers: Bool { self == .rft || self == .preference }
        /// Whether the step samples answers to the training rows as it goes.
        package var samplesAnswers: Bool { self == .onPolicy || self == .reinforcement }
    }

    /// What a step trains, but for what the learner decides. Apart from the step: steps are passed around, and this is large.
    package indirect enum Training: Sendable {
        /// Cross entropy on the rows' own answers.
        case sft(TrainSFT)
        /// Cross entropy on the teacher's answers that the judge accepted.
        case rft(TrainSFT)
        /// The teacher's logits on its accepted answers.
        case kd(Distillation)
        /// The teacher's logits on the student's own answers.
        case onPolicy(KDOnPolicy)
        /// Rewarded rollouts.
        case reinforcement(RLTrain)
        /// Accepted against rejected answers.
        case preference(DPOTrain)
    }

    package struct Step: Sendable {
        package let method: Spanned<Method>
        /// Where the `*` stands that asks for an RL-trained teacher whose reasoning is kept; `nil` without one.
        package let star: SourceSpan?
        package let kind: Training
        /// Whom the step learns from, where it says so: `teacher`, or one of `teachers`.
        package var teacher: Spanned<String>?
        /// Which rows the step learns from, where it says so: `data`, or one of `datasets`.
        package var data: Spanned<String>?
        /// Where its training is cut; `nil` where it is one stage.
        package var continuation: Continuation?

        static let teacherField = Field.text(
            "teacher", "Whom the step learns from: `teacher`, or one of `teachers`. KD that names nobody learns from all.")
        static let dataField = Field.text("data", "The rows that the step learns from: `data`, or one of `datasets`.")

        /// Whether the step compares distributions over the tokens of one vocabulary.
        package var needsEqualTokens: Bool {
            switch kind {
            case .kd(let distillation): !distillation.train.loss.bridgesVocabularies
            case .onPolicy(let kind): !kind.loss.bridgesVocabularies
            case .sft, .rft, .reinforcement, .preference: false
            }
        }

        /// How it walks down its loss.
        package var training: TrainingParameters {
            switch kind {
            case .sft(let kind), .rft(let kind): kind.training
            case .kd(let distillation): distillation.train.training
            case .onPolicy(let kind): kind.training
            case .reinforcement(let kind): kind.training
            case .preference(let kind): kind.training
            }
        }
    }

    /// Whose transfer it is: decides which methods make sense, and how long they last by default.
    package enum Learner: Sendable {
        case teacher
        case student
        case recovery
    }

    /// None where the learner stays as it starts.
    package let steps: [Step]
    /// The field, where it is written.
    package let field: Spanned<Void>

    enum Definition {
        static let top = field(
            "transfer", standard: "`KD`", "How the student learns from the teacher; `none` leaves it as it starts.")
        static let student = field("transfer", standard: nil, "The same as the recipe's `transfer`.")
        static let teacher = field(
            "transfer", standard: "`SFT`; `SFT+RL` where a strategy has a `*`",
            "How the teacher is corrected on the task's data; `none` leaves it as it starts."
        )
        static let recover = field(
            "recover", standard: "`KD(steps: 150)`", "How the pruned model recovers; `none` leaves it as it is.")

        private static func field(_ name: String, standard: String?, _ documentation: String) -> RawField {
            RawField(
                name, .either([.text, .list(.mapping(TransferReader.longForm))]), standard: standard,
                documentation + " In the transfer notation, or as a list of steps.")
        }
    }

    /// Reads a field in the transfer notation or in the long form; a wrong one is reported and read as the standard.
    init(reading field: RawField, in fields: Fields, _ learner: Learner) {
        let reader = TransferReader(field, in: fields, learner)
        self.field = reader.field
        steps = reader.isNone ? [] : reader.read() ?? reader.standard([learner == .teacher ? .sft : .kd])
    }

    /// Steps with all their defaults, for a field that is left out.
    init(standard methods: [Method], for field: RawField, in fields: Fields, _ learner: Learner) {
        let reader = TransferReader(field, in: fields, learner)
        self.field = reader.field
        steps = reader.standard(methods)
    }

    /// The first step that wants an RL-trained teacher.
    package var firstStar: SourceSpan? { steps.lazy.compactMap(\.star).first }
}

extension Transfer.Learner {
    var methods: [Transfer.Method] {
        switch self {
        case .teacher: [.sft, .reinforcement, .preference]
        case .student, .recovery: Transfer.Method.allCases
        }
    }

    /// Training steps of a step that names none.
    func steps(of method: Transfer.Method) -> Int {
        switch (self, method) {
        case (_, .reinforcement), (_, .preference): 100
        case (.teacher, _): 600
        case (.recovery, _): 150
        case (.student, .onPolicy): 200
        case (.student, _): 500
        }
    }
}
