import Diagnostics

/// What a person wrote, with every default filled in.
public struct Recipe: Sendable {
    public let text: SourceText
    public let name: Spanned<String>
    public let description: Spanned<String>
    /// Sorted by name.
    public let sources: [Source]
    /// In the matrix's order, the last axis fastest; one without choices where there is no matrix.
    public let variants: [Variant]

    /// One combination of the matrix.
    public struct Variant: Sendable {
        /// A value that an axis of the matrix takes.
        public struct Choice: Hashable, Sendable {
            /// Dotted: `prune.ratio`.
            public let field: String
            /// The value as short text: `20%`, `hidden=128`.
            public let label: String
        }

        /// One per axis, in the matrix's order.
        public let choices: [Choice]
        public let pipeline: Pipeline
    }

    /// The source of a name; readers have checked that names exist.
    public func source(named name: String) -> Source? { sources.first { $0.name.value == name } }
}

/// Everything that one variant asks for.
public struct Pipeline: Sendable {
    public let data: DataSection
    public let tokenizer: TokenizerSection
    public let teacher: TeacherSection
    public let student: ModelSection
    public let sample: SampleSection
    public let judge: JudgeSection
    /// How the student learns from the teacher.
    public let transfer: Transfer
    /// `nil` where nothing is removed.
    public let prune: PruneSection?
    /// `nil` where weights stay in float.
    public let quantize: QuantizeSection?
    public let evaluate: EvaluateSection

    static let fields = [
        "data", "tokenizer", "teacher", "student", "sample", "judge", "transfer", "prune", "quantize", "evaluate",
    ]

    init(reading recipe: Fields, sources: [Source]) {
        data = DataSection(reading: recipe, sources: sources)
        tokenizer = TokenizerSection(reading: recipe)
        teacher = TeacherSection(reading: recipe)
        student = ModelSection(reading: recipe.section("student", known: ModelSection.fields, later: ["from"]), Defaults.student)
        sample = SampleSection(reading: recipe)
        judge = JudgeSection(reading: recipe)
        transfer = Transfer(
            reading: "transfer", in: recipe, default: .kd, steps: Defaults.studentSteps, methods: [.sft, .rft, .kd])
        prune = PruneSection(reading: recipe, student: student)
        quantize = QuantizeSection(reading: recipe, student: student)
        evaluate = EvaluateSection(reading: recipe, data: data)
        checkTopK(recipe)
    }

    /// No position has more logits than the vocabulary has tokens.
    private func checkTopK(_ recipe: Fields) {
        for step in transfer.steps + (prune?.recover?.steps ?? []) {
            guard case .kd(let distillation) = step, distillation.topK.value > tokenizer.vocabulary.value else { continue }
            recipe.report(
                .outOfRange(
                    "top_k", allowed: "at most the vocabulary", nearest: "\(tokenizer.vocabulary.value)",
                    at: distillation.topK.span))
        }
    }
}
