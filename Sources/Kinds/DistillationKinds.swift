import Declarations
import Words

package enum DistillationKinds {
    static let kinds: [any StageKind.Type] = [KDCapture.self, KDTrain.self, KDDirect.self, KDOnPolicy.self]
}

/// Stores the teacher's k largest logits at every response position, or at every position of the sequence, with the log-sum-exp
/// over the whole vocabulary and the probability of all other tokens.
///
/// Revision 4: logits of rows that pad the embedding, beyond the tokenizer's tokens, are left out.
///
/// Inputs: `teacher` (a model folder), `data` (of `data.split`), optionally `judged` (of `judge`): then its accepted responses
/// are scored; without it the training rows' own answers are, and of passages the whole text.
/// Output: `logits.safetensors`, and the teacher's `tokenizer.json`, which a student's must equal unless its loss is ULD or GOLD;
/// where the teacher calls functions in its own form, its `tokenizer_config.json`, which names the form. Tensors, for M positions of
/// all rows back to back:
/// `token_bits` [1]: bits of a token's number where numbers are packed, lowest bits first, every row from a whole byte;
/// `tokens` (packed) and `row_offsets` [rows+1]: prompt and response; `prompt_lengths` [rows]; `position_offsets` [rows+1];
/// `top_tokens` [M, bytes]: k packed tokens by falling logit; `top_differences` U16 [M, k]: by how many 1024ths their logits lie
/// below the largest, at most 65535; `log_sum_exp` F32 [M]: less the largest logit; `log_rest` F32 [M]: ln of the probability of
/// all other tokens. A stored token's probability is off by 1e-3 of it at most, unless it is below e⁻⁶³ of the largest.
///
/// With `rows`, the rows that a training with this `seed` and `max_length` does not come to have no positions.
package struct KDCapture: StageKind {
    package static let declaration = KindDeclaration(
        "kd.capture", revision: 4, inputs: [.required("teacher"), .required("data"), .optional("judged")],
        output: "`logits.safetensors`, `tokenizer.json`")

    @Spanned package var k = 16
    @Spanned package var prompt = PromptStyle.query
    @Spanned package var wholeSequence = false
    /// What the rows' own answers are scored as; calls where there is an input `judged`.
    @Spanned package var answer = AnswerStyle.call
    /// That a training reads, in its order; `nil` where all are captured.
    @Spanned package var rows: Int? = nil
    /// Of the training.
    @Spanned package var seed: Int? = nil
    /// Of the training.
    @Spanned package var maxLength: Int? = nil

    package static let standard = Self()
    package static let parameters: [Parameter<Self>] = [
        .init(\.$k, .keptLogits, at: "top_k"),
        .init(\.$prompt, .prompt, at: .elsewhere),
        .init(
            \.$wholeSequence, .flag("whole_sequence", "Whether the prompt's positions are stored too."), at: .elsewhere,
            key: .unlessStandard),
        .init(\.$answer, .answer, at: .elsewhere, key: .unlessStandard),
        .init(
            \.$rows,
            .integer(
                "rows", in: 1...1_000_000_000_000,
                "Rows that a training reads, its steps times its batch: no others are captured. Left out: all."),
            at: .elsewhere),
        .init(\.$seed, .seed("Of the order of that training's rows."), at: .elsewhere),
        .init(
            \.$maxLength, .integer("max_length", in: 2...1_000_000, "Of that training, which leaves longer prompts out."),
            at: .elsewhere),
    ]

    package var runsModel: Bool { true }
    package func operations(_ workload: Workload) -> Double? {
        workload.sharing().passes(over: RowSet.train.rawValue, atMost: rows ?? .max)
    }

    /// Leaves out the rows that a training does not come to.
    package mutating func keepRows(of training: TrainingParameters, seed: Spanned<Int>) {
        // How many rows are a number of epochs, and which rows begin alike, the training alone knows.
        guard training.steps != nil, !training.sharePrefixes else { return }
        $rows = training.$steps.map { $0.map { $0 * training.batch } }
        $seed = seed.map(Optional.some)
        $maxLength = training.$maxLength
    }
}

/// Knowledge distillation from captured logits.
///
/// Revision 5: the head of AKL are the tokens that have at most μ together, and the first; JSD(0) is FKL, and JSD(1) RKL.
///
/// Inputs: `model` (the student), `logits` (of `kd.capture`), of further teachers on the same sequences `logits.0` …;
/// `data` (of `data.split`) where the loss on a validation set is computed. With the losses ULD and GOLD the student reads the
/// answers in its own tokens: then `data` and, where they have it, `judged` are those of the logits. With `own_prompts` the
/// prompts are those of `data`, which has the same rows, and the logits are joined by the place in the answer (context
/// distillation).
/// Output: a model folder and `curve.jsonl`.
package struct KDTrain: TrainingKind {
    package static let declaration = KindDeclaration(
        "kd.train", revision: 5,
        inputs: [
            .required("model"), .optional("data"), .optional("judged"), .required("logits"), .numbered("logits"),
            .optional("state"),
        ],
        output: "a model folder, `curve.jsonl`")

    @Spanned package var loss = [LossTerm(.forwardKL)]
    @Spanned package var temperature = 1.0
    @Spanned package var promptShare = 0.0
    @Spanned package var tokenDropout = 0.0
    @Spanned package var tail = LogitsTail.lump
    package var training = TrainingParameters()
    /// Each teacher's share of the divergences, in the order of the inputs; `nil` for one teacher.
    @Spanned package var teacherWeights: [Double]? = nil
    @Spanned package var sharedWeight: Double? = nil
    @Spanned package var matchPieces = false
    /// Of the student's own prompts and of the rows' own answers, for ULD and GOLD.
    @Spanned package var prompt = PromptStyle.query
    @Spanned package var answer = AnswerStyle.call
    /// Whether the student's prompts are other ones than the teacher's.
    @Spanned package var ownPrompts = false

    package static let standard = Self()
    package static let parameters: [Parameter<Self>] = [
        .init(\.$loss, .mixture, at: .elsewhere),
        .init(\.$temperature, .distillationTemperature),
        .init(
            \.$promptShare, .promptShare, at: "prompt"),
        .init(\.$tokenDropout, .tokenDropout, key: .unlessStandard),
        .init(\.$tail, .tail),
        .init(\.training, "training", "How the stage walks down its loss."),
        .init(
            \.$teacherWeights,
            Field<[Spanned<Double>]>.list(
                of: .number(
                    "teacher_weights", in: 0...1, "Each teacher's share of the divergences, in the order of the inputs.")
            ).plain(), at: .elsewhere),
        .init(\.$sharedWeight, .sharedWeight), .init(\.$matchPieces, .matchPieces, key: .unlessStandard),
        .init(\.$prompt, .prompt, at: .elsewhere, key: .unlessStandard),
        .init(\.$answer, .answer, at: .elsewhere, key: .unlessStandard),
        .init(
            \.$ownPrompts,
            .flag(
                "own_prompts",
                "Whether the student reads the answers after the prompts of its input `data`, not after the teacher's."),
            at: .elsewhere, key: .unlessStandard),
    ]
    package static let otherStandards = [KDTrain(training: .init(steps: 150))]

    package mutating func settle() {
        settleParameters()
        $tail = $tail.or($temperature) { $0 == 1 ? .lump : .renormalize }
    }
}

/// Distillation on answers that the student samples itself (Efficient AI in Practice, 4.3).
///
/// Revision 3: the head of AKL are the tokens that have at most μ together, and the first; JSD(0) is FKL, and JSD(1) RKL.
///
/// Inputs: `model` (the student), `teacher`, `data` (of `data.split`), `teacher_data` (of the same rows) where the teacher's
/// prompts are other ones.
/// Output: a model folder and `curve.jsonl`, with the mean length of the student's answers and the share that did not end.
///
/// At every step the student, as it is then, answers its share of the batch's rows; the others keep their own answers. The
/// teacher's 64 largest logits are kept at each position, the others as one bucket (at temperatures other than 1 not at all). An
/// answer that did not end within `tokens` is learned from without an end. With the losses ULD and GOLD a teacher of another
/// tokenizer reads the answers' text in tokens of its own.
package struct KDOnPolicy: TrainingKind {
    package static let declaration = KindDeclaration(
        "kd.on-policy", revision: 3,
        inputs: [
            .required("model"), .required("teacher"), .required("data"), .optional("teacher_data"), .optional("state"),
        ],
        output: "a model folder, `curve.jsonl`")

    @Spanned package var loss = [LossTerm(.forwardKL)]
    @Spanned package var temperature = 1.0
    @Spanned package var tokens = 64
    @Spanned package var fraction = 1.0
    @Spanned package var samplingTemperature = 0.9
    package var training = TrainingParameters(steps: 200)
    @Spanned package var prompt = PromptStyle.query
    @Spanned package var answer = AnswerStyle.call
    @Spanned package var sharedWeight: Double? = nil
    @Spanned package var matchPieces = false

    package static let standard = Self()
    package static let parameters: [Parameter<Self>] = [
        .init(\.$loss, .mixture, at: .elsewhere),
        .init(\.$tokens, .sampledTokens),
        .init(\.$fraction, .share("fraction", in: 0...1, "Share of each batch that the student answers itself (oKD).")),
        .init(\.$samplingTemperature, .number("sampling_temperature", in: 0.05...5, "Of the student's answers (oKD).")),
        .init(\.$temperature, .distillationTemperature),
        .init(\.training, "training", "How the stage walks down its loss."),
        .init(\.$prompt, .prompt, at: .elsewhere),
        .init(\.$answer, .answer, at: .elsewhere),
        .init(\.$sharedWeight, .sharedWeight), .init(\.$matchPieces, .matchPieces, key: .unlessStandard),
    ]

    package func memory(_ inputs: [String: Int]) -> Int { Memory.trainingOnPolicy(inputs) }
    package func operations(_ workload: Workload) -> Double? { workload.training(training).map { 2 * $0 } }
}

extension Field where Value == Int {
    static var keptLogits: Field {
        .integer("k", in: 1...1024, "The teacher's logits kept at each position.")
    }
}

extension Field where Value == LogitsTail {
    static var tail: Field {
        .choice(
            "tail", spelled: "`lump`; `renormalize` at a temperature other than 1",
            "What becomes of the tokens that are not kept: one bucket, or nothing.")
    }
}

extension Field where Value == Double {
    static var distillationTemperature: Field {
        .number("temperature", in: 0.1...20, "τ: logits are divided by it in the divergences.")
    }

    fileprivate static var sharedWeight: Field {
        .share(
            "shared_weight", in: 0...1,
            "Of GOLD: how much the tokens count that both vocabularies have. Left out: their share of the teacher's vocabulary."
        )
    }
}

extension Field where Value == Bool {
    fileprivate static var matchPieces: Field {
        .flag(
            "match_pieces",
            "Of GOLD: whether the tokens that end a piece of text on both sides count as one, also where the vocabularies differ."
        )
    }
}

extension Field where Value == [LossTerm] {
    private static var loss: Field<Loss> { .choice("loss", "The loss.") }
    private static var weight: Field<Double> { .number("weight", 1, in: 0...100, "Of the loss in the sum.") }
    private static var argument: Field<Double> {
        .number("argument", in: 0...1, spelled: "`0.5`", "β of JSD and GOLD, μ of AKL; the other losses have none.")
    }

    /// A list of losses with weights.
    static var mixture: Field {
        let term = MappingDefinition("loss", "A summand of the loss.", [loss.needed, weight, argument])
        return Field(
            "loss", .list(.mapping(term)), standard: nil, nothing: [], "The sum of losses that the student learns from.",
            spell: { $0.map { "{loss: \($0.loss.spelling), weight: \(Quantity.text($0.weight))}" }.joined(separator: ", ") }
        ) { node, place in
            let elements = node.sequence ?? [node]
            if elements.isEmpty { place.report(.emptyList(place.field, at: node.span)) }
            let terms = elements.compactMap { element -> LossTerm? in
                guard let entries = element.mapping else {
                    place.report(.wrongType(place.field, wants: "a term such as {loss: FKL, weight: 0.5}", found: element))
                    return nil
                }
                let fields = Fields(
                    term, path: place.field, anchor: element.span, entries: entries, findings: place.findings)
                guard let loss = fields.written(loss) else {
                    if fields.node("loss") == nil {
                        fields.report(.missingField("loss", in: fields.owner, at: fields.anchor, help: "add 'loss: FKL'"))
                    }
                    return nil
                }
                return LossTerm(
                    loss.value, weight: fields[weight].value,
                    argument: fields.written(argument)?.value ?? loss.value.standardArgument)
            }
            return terms.count == elements.count && !terms.isEmpty ? terms : nil
        }
    }
}
