import Declarations
import Words

package enum EncoderKinds {
    static let kinds: [any StageKind.Type] = [EncoderTrain.self, EvalFrames.self]
}

/// How an encoder is tuned, by AdamW.
package struct EncoderTraining: ParameterGroup {
    @Spanned package var steps = 500
    @Spanned package var batch = 32
    @Spanned package var learningRate = 1e-4
    @Spanned package var warmup = 0.1
    @Spanned package var weightDecay = 0.01
    @Spanned package var seed = 2
    @Spanned package var schedule = LearningRateSchedule.cosine
    /// Of the schedule `wsd`; `nil` for the others.
    @Spanned package var decay: Double? = nil

    package static let standard = Self()
    package static let parameters: [Parameter<Self>] = [
        .init(\.$steps, .integer("steps", in: 1...10_000_000, "Training steps.")),
        .init(\.$batch, .integer("batch", in: 1...4096, "Rows per step.")),
        .init(\.$learningRate, .number("learning_rate", in: 1e-8...1, "The peak.")),
        .init(\.$warmup, .share("warmup", in: 0...1, "Share of the steps in which the learning rate rises.")),
        .init(\.$weightDecay, .number("weight_decay", in: 0...1, "Decoupled; none on norms and biases.")),
        .init(\.$seed, .seed("Of the heads' first weights and the order of training rows.")),
        .init(\.$schedule, .schedule, key: .unlessStandard),
        .init(
            \.$decay, .decay, when: { $0.$schedule.map { $0 == .wsd } }, standard: LearningRateSchedule.standardDecay),
    ]
}

/// Trains a BERT encoder and linear heads on it with the training rows: a classifier of functions, or a tagger of domain, intent
/// and slots.
///
/// The heads that read a text read the state of its first token, without a pooler; no dropout takes part. A classifier's labels
/// are the functions that training rows call, each by itself right or not; a tagger learns the first call of a row.
///
/// Inputs: `encoder` (a sentence encoder's folder, of any depth), `data` (of `data.split`).
/// Output: the encoder's folder: `config.json`, `model.safetensors`, its tokenizer, `decant_heads.json` (the heads and their
/// labels), `frames.json` with frames; `curve.jsonl`; `summary.json`: rows, labels, rows with several calls.
package struct EncoderTrain: StageKind {
    package static let declaration = KindDeclaration(
        "encoder.train", revision: 1, inputs: [.required("encoder"), .required("data")],
        output: "an encoder's folder with heads, `curve.jsonl`, `summary.json`")

    @Spanned package var labels = EncoderLabels.functions
    /// Functions by domain; `nil` where there are no domains.
    @Spanned package var domains: [String: [String]]? = nil
    package var training = EncoderTraining()

    package static let standard = Self()
    package static let parameters: [Parameter<Self>] = [
        .init(\.$labels, .choice("labels", "What the heads learn: `functions`, or `frames` of domain, intent and slots.")),
        .init(\.$domains, .domains),
        .init(\.training, "tuning", "How the encoder is tuned."),
    ]

    package func memory(_ inputs: [String: Int]) -> Int { Memory.tuning(inputs) }
}

/// What a tagger of domain, intent and slots answers to the rows of the evaluation sets, as calls: one, or none.
///
/// Inputs: `model` (of `encoder.train` with frames), `data` (of `data.split`).
/// Output: as `eval.generate`; `prompt_tokens` are those that the encoder reads, `response_tokens` are 0.
package struct EvalFrames: StageKind {
    package static let declaration = KindDeclaration(
        "eval.frames", revision: 1, inputs: [.required("model"), .required("data")], output: "one `<set>.jsonl` per set")

    /// In the order in which they are reported.
    @Spanned package var sets = [RowSet.test, .phrasing, .values].map(\.rawValue)

    package static let standard = Self()
    package static let parameters: [Parameter<Self>] = [
        .init(\.$sets, .names("sets", "The sets that the tagger answers."), at: .elsewhere, isNeeded: true)
    ]

    package func memory(_ inputs: [String: Int]) -> Int { Memory.retrieving(["encoder": inputs["model"] ?? 0]) }
}

extension Field where Value == [String: [String]] {
    /// Functions by the domain that they belong to.
    package static var domains: Field {
        named(.names("domains", "The functions of a domain, by its name; functions that no domain names are in `other`."))
    }
}
