import Declarations
import Diagnostics
import Kinds
import Words

/// The options that every training has, in parentheses or as fields of the long form.
extension TrainingParameters {
    enum Definition {
        static let fields: [any DefinedField] =
            TrainingParameters.fields() + LowRankParameters.fields() + Continuation.fields
        /// Of trainings whose aim the rows' own answers can judge.
        static let validatedFields: [any DefinedField] = fields + ValidationParameters.fields()
    }

    /// Reads the options over what the kind has by default.
    ///
    /// - Parameter standard: the steps of this learner by default.
    fileprivate mutating func read(options: Fields, steps standard: Int) {
        steps = standard
        read(options)
        if $epochs.isWritten, $steps.isWritten {
            options.report(
                .conflict, "'steps' and 'epochs' both say how long the training is", at: $epochs.span,
                secondary: [.init($steps.span)], help: "keep one of the two")
        }
        if $decay.isWritten, schedule != .wsd {
            options.report(
                .conflict, "'decay' is of the schedule 'wsd'", at: $decay.span,
                secondary: $schedule.isWritten ? [.init($schedule.span)] : [],
                help: "leave it out, or write 'schedule: wsd'")
        }
        var adapters = LowRankParameters.standard
        adapters.read(options)
        if adapters.$rank.isWritten {
            $lora = adapters.$rank.map { _ in adapters }
        } else {
            $lora = options.standard("lora", nil)
            for name in ["lora_alpha", "lora_targets"] {
                guard let entry = options.entry(name) else { continue }
                options.report(
                    .conflict, "'\(name)' is about adapters, and all weights are trained", at: entry.key.span,
                    help: "add their rank: 'lora: 16'")
            }
        }
        readValidation(options)
        settle()
    }

    private mutating func readValidation(_ options: Fields) {
        $validation = options.standard("validate_every", nil)
        guard options.definition.names.contains("validate_every") else { return }
        var checks = ValidationParameters.standard
        checks.read(options)
        if checks.$every.isWritten {
            $validation = checks.$every.map { _ in checks }
        } else if checks.patience != nil {
            options.report(
                .conflict, "'patience' counts looks at the set 'valid', and there are none", at: checks.$patience.span,
                help: "add 'validate_every: 50'")
        } else if checks.rows != nil {
            options.report(
                .conflict, "'validate_rows' is of looks at the set 'valid', and there are none", at: checks.$rows.span,
                help: "add 'validate_every: 50'")
        }
    }
}

extension TrainingKind {
    /// The options of a step over what the kind has by default.
    init(reading options: Fields, steps: Int) {
        self = .standard
        read(options)
        training.read(options: options, steps: steps)
    }
}

/// Knowledge distillation from a teacher's logits.
package struct Distillation: Sendable {
    package let capture: KDCapture
    package let train: KDTrain
    /// Of which rows the logits are captured.
    package let scope: Spanned<CaptureScope>

    private static let scopeField = Field<CaptureScope>.choice(
        "capture", .all,
        "Of which rows the teacher's logits are captured: of all, which students share; of those that the steps read; or of "
            + "none, where the teacher reads along while the student learns. The student's bytes are the same.")

    static let fields: [any DefinedField] =
        KDTrain.fields() + KDCapture.fields() + [scopeField] + TrainingParameters.Definition.validatedFields

    init(reading options: Fields, loss: Spanned<[LossTerm]>, steps: Int) {
        var capture = KDCapture.standard
        capture.read(options)
        var train = KDTrain(reading: options, steps: steps)
        train.$loss = loss
        train.settle()
        capture.$wholeSequence = train.$promptShare.map { $0 > 0 }
        (self.capture, self.train, scope) = (capture, train, options[Self.scopeField])
        if scope.value != .all, train.loss.bridgesVocabularies {
            options.report(
                .conflict, "ULD and GOLD align the answers of all rows with logits that were captured of all", at: scope.span,
                secondary: [.init(loss.span)], help: "leave 'capture' out")
        }
        if train.promptShare > 0, train.tokenDropout > 0 {
            options.report(
                .conflict, "what a teacher says of a prompt is of all its tokens", at: train.$tokenDropout.span,
                secondary: [.init(train.$promptShare.span)], help: "leave 'token_dropout' out, or 'prompt'")
        }
        if train.promptShare > 0, train.loss.bridgesVocabularies {
            options.report(
                .conflict, "ULD and GOLD compare answers, and prompts are each model's own", at: train.$promptShare.span,
                secondary: [.init(loss.span)], help: "leave 'prompt' out")
        }
        options.checkGold(train.$sharedWeight, train.$matchPieces, loss)
        if train.$tail.isWritten, train.tail == .lump, train.temperature != 1 {
            options.report(
                .conflict, "the bucket's share is known at temperature 1 alone", at: train.$tail.span,
                secondary: train.$temperature.isWritten ? [.init(train.$temperature.span)] : [],
                help: "write 'tail: renormalize'")
        }
    }
}

extension KDOnPolicy {
    static let options: [any DefinedField] = fields() + TrainingParameters.Definition.validatedFields

    init(reading options: Fields, loss: Spanned<[LossTerm]>, steps: Int) {
        self.init(reading: options, steps: steps)
        $loss = loss
        options.checkGold($sharedWeight, $matchPieces, loss)
    }
}

extension Fields {
    /// What GOLD alone has.
    fileprivate func checkGold(_ weight: Spanned<Double?>, _ pieces: Spanned<Bool>, _ loss: Spanned<[LossTerm]>) {
        guard !loss.value.contains(where: { $0.loss == .aligned }) else { return }
        for (name, span, isWritten) in [
            ("shared_weight", weight.span, weight.isWritten), ("match_pieces", pieces.span, pieces.isWritten),
        ] where isWritten {
            report(
                .conflict, "'\(name)' is of the loss GOLD", at: span, secondary: loss.isWritten ? [.init(loss.span)] : [],
                help: "leave it out, or write 'KD[GOLD]'")
        }
    }
}

extension RLTrain {
    static let options: [any DefinedField] = fields() + TrainingParameters.Definition.fields
}

extension DPOTrain {
    static let options: [any DefinedField] = fields() + TrainingParameters.Definition.validatedFields
}
