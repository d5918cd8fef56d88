import Diagnostics

/// What a person wrote, with every default filled in.
///
/// Every field of the language, with the defaults of those that may be left out:
///
///     decant: 1                                   # needed: the version of the language
///     name: smart-home                            # the file's name
///     description: Voice commands for a home.
///     sources:
///       functions: {path: smart-home/functions.yaml}
///       published: {http: https://example.org/rows.jsonl, sha256: 2c26…}
///     data:                                       # needed: `generate` or `ingest`
///       generate: {functions: functions, templates: templates, count: 6k, seed: 7, hold_out: {templates: 15%, values: 5%}}
///       ingest: {format: decant, train: [a, b], test: c}
///       split: {test: 10%, valid: 2%, ood: {functions: []}, limit: {train: 300}, seed: 7}
///       candidates: 0                             # functions listed per row; 0 lists all
///       prompt: query                             # or tools
///     tokenizer: {vocabulary: 512}
///     teacher: {init: {hidden: 160, layers: 4, heads: 4, kv_heads: 2, intermediate: 320, tied: true}, transfer: SFT, seed: 1}
///     student: {init: {hidden: 128, layers: 4, heads: 4, kv_heads: 2, intermediate: 256, tied: true}, seed: 2}
///     sample: {samples: 1, temperature: 0.7, max_tokens: 64, seed: 7}      # the teacher's answers to the training prompts
///     judge: {kind: ast, keep: 1}                 # or exact
///     transfer: "KD[FKL](steps: 500, batch: 32, optimizer: muon, learning_rate: 4e-3, warmup: 5%, weight_decay: 0.01,
///                temperature: 1, top_k: 16)"      # SFT and RFT take the same without the last two
///     prune: none                                 # or {method: depth, ratio: 20%, samples: 256, recover: "KD(steps: 150)"}
///     quantize: none                              # or {scheme: W8A16, method: rtn, group_size: 128, ignore: [lm_head]}
///     evaluate: {sets: [test, phrasing, values], metrics: [ar, exact, flops], max_tokens: 64}
///     matrix: {prune.ratio: [0%, 20%]}            # every combination of the listed values
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

    init(reading recipe: Fields, sources: Set<String>) {
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
