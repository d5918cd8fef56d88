import Declarations
import Diagnostics
import Kinds
import Words

/// Where a model's first weights come from.
package enum ModelOrigin: Sendable {
    /// Drawn from scratch.
    case initial(ModelShape)
    /// Imported from a source, or made by a stage of the recipe's own; with the form of its calls, where one is written.
    case from(Spanned<String>, answer: Spanned<AnswerForm>?)

    enum Definition {
        static let from = Field.text("from", "A source of a pretrained model, or a stage that makes one.")
        static let answer = Field<AnswerForm>.form
    }

    init(reading model: Fields, _ standard: ModelShape, references: References) {
        let answer = model.written(Definition.answer)
        if let reference = model.reference(Definition.from, among: references) {
            self = .from(reference, answer: answer)
            if let entry = model.entry("init"), !entry.value.isNull {
                model.report(
                    .conflict, "\(model.owner) has both 'init' and 'from'", at: entry.key.span,
                    secondary: [.init(reference.span)], help: "keep one of the two")
            }
        } else {
            self = .initial(ModelShape(reading: model, standard))
            guard let answer, model.node("endpoint") == nil else { return }
            model.report(
                .conflict, "\(model.owner) has 'answer', and no source that it comes from", at: answer.span,
                help: "leave 'answer' out: a model that is drawn here answers as its tokenizer's model does")
        }
    }

    /// `nil` for a model from elsewhere, whose shape is not known when a recipe is planned.
    package var shape: ModelShape? { if case .initial(let shape) = self { shape } else { nil } }
    package var reference: Spanned<String>? { if case .from(let reference, _) = self { reference } else { nil } }
    /// The form of an imported model's calls; `nil` where none is written.
    package var answer: Spanned<AnswerForm>? { if case .from(_, let answer) = self { answer } else { nil } }
}

/// `init`: the shape of a model that is drawn from scratch.
extension ModelShape {
    enum Definition {
        static let field = SectionField(
            "init",
            MappingDefinition("init", "The shape of a model whose weights are drawn at random.", ModelShape.fields()))
    }

    init(reading model: Fields, _ standard: ModelShape) {
        let fields = model.section(Definition.field)
        self = standard
        read(fields)
        checkHeads(fields)
    }

    /// Every head has an even number of channels (rotary embedding turns pairs), every key-value head the same number of heads.
    private func checkHeads(_ fields: Fields) {
        func report(_ first: Spanned<Int>, _ second: Spanned<Int>, _ message: String, label: String, help: String) {
            let (blamed, other) = first.isWritten || !second.isWritten ? (first, second) : (second, first)
            fields.report(
                .badShape, message, at: blamed.span, label: label, secondary: other.isWritten ? [.init(other.span)] : [],
                help: help)
        }
        let step = 2 * heads
        if !hidden.isMultiple(of: step) {
            let nearest = max((hidden + step / 2) / step, 1) * step
            report(
                $hidden, $heads, "'hidden' must be a multiple of twice 'heads'",
                label: "\(hidden) is no multiple of 2 × \(heads)", help: "the nearest possible 'hidden' is \(nearest)")
        }
        if !heads.isMultiple(of: kvHeads) {
            let divisors = (1...heads).filter(heads.isMultiple(of:))
            let nearest = divisors.min { abs($0 - kvHeads) < abs($1 - kvHeads) } ?? 1
            report(
                $kvHeads, $heads, "'kv_heads' must divide 'heads'", label: "\(heads) heads cannot share \(kvHeads)",
                help: "the nearest possible 'kv_heads' is \(nearest)")
        }
    }
}

/// `student`: the model that learns.
package struct StudentSection: Sendable {
    package let origin: ModelOrigin
    /// Of the weights drawn and of the order of training rows.
    package let seed: Spanned<Int>
    /// How the student learns, where it is written here and not at the top.
    package let transfer: Transfer?
    /// Of a student drawn from scratch whose tokens are not the teacher's; `nil` where it has the recipe's.
    package let tokenizer: TokenizerSection?
    /// How much of an imported student's vocabulary is left before its first step; `nil` for all of it.
    package let vocabulary: Spanned<KeptVocabulary>?

    enum Definition {
        static let tokenizer = SectionField("tokenizer", TokenizerSection.Definition.own)
        static let vocabulary = Field<KeptVocabulary>.vocabulary
        static let seed = Field.seed(2, "Of the weights drawn and of the order of training rows.")
        static let mapping = MappingDefinition(
            "student", "The model that learns.",
            [
                ModelShape.Definition.field, ModelOrigin.Definition.from, ModelOrigin.Definition.answer, tokenizer, vocabulary,
                Transfer.Definition.student, seed,
            ])
    }

    init(reading recipe: Fields, references: References) {
        let fields = recipe.section(Pipeline.Definition.student)
        origin = ModelOrigin(reading: fields, .standard, references: references)
        seed = fields[Definition.seed]
        transfer = fields.node("transfer") == nil ? nil : Transfer(reading: Transfer.Definition.student, in: fields, .student)
        tokenizer = fields.optionalSection(Definition.tokenizer).map {
            TokenizerSection(own: $0, references: references)
        }
        vocabulary = fields.written(Definition.vocabulary)
        if let written = vocabulary, origin.reference == nil {
            fields.report(
                .conflict, "\(fields.owner) has 'vocabulary', and no source that it comes from", at: written.span,
                help: "write 'from: SOURCE', or leave 'vocabulary' out: a tokenizer that is trained on the rows has no others")
        }
    }
}

/// `teacher`: the model that is learned from, and how it is corrected on the task's data.
package struct TeacherSection: Sendable {
    package let origin: ModelOrigin
    /// `nil` where the teacher is a model at hand.
    package let endpoint: EndpointSection?
    package let seed: Spanned<Int>
    /// `nil` where none is written: the plan then chooses SFT, and RL after it where a strategy has a `*`.
    package let transfer: Transfer?

    enum Definition {
        static let endpoint = SectionField("endpoint", EndpointSection.Definition.mapping)
        static let seed = Field.seed(1, "Of the weights drawn and of the order of training rows.")
        static let mapping = MappingDefinition(
            "teacher", "The model that is learned from.",
            [
                ModelShape.Definition.field, ModelOrigin.Definition.from, ModelOrigin.Definition.answer, endpoint,
                Transfer.Definition.teacher, seed,
            ])
    }

    init(reading recipe: Fields, references: References) {
        let fields = recipe.section(Pipeline.Definition.teacher)
        origin = ModelOrigin(reading: fields, .teacher, references: references)
        endpoint = EndpointSection(reading: Definition.endpoint, in: fields)
        seed = fields[Definition.seed]
        transfer = fields.node("transfer") == nil ? nil : Transfer(reading: Transfer.Definition.teacher, in: fields, .teacher)
        if endpoint != nil { fields.checkEndpoint(besides: ["init", "from", "answer", "transfer"]) }
    }
}

extension Fields {
    /// A teacher behind an endpoint is as it is: only its answers can be had.
    func checkEndpoint(besides names: [String]) {
        for name in names {
            guard let endpoint = entry("endpoint"), let other = entry(name) else { continue }
            report(
                .conflict, "a teacher behind an endpoint has no '\(name)'", at: other.key.span,
                secondary: [.init(endpoint.key.span, "the endpoint")], help: "keep one of the two")
        }
    }
}

/// `tokenizer`: the vocabulary that teacher and student share. `student.tokenizer`: one of the student's own.
package struct TokenizerSection: Sendable {
    package let field: Spanned<Void>
    /// Read where the recipe trains the tokenizer.
    package let kind: TokenizerTrain
    /// `teacher`, `student`, or the source or stage of a tokenizer; `nil` where none is named.
    package let origin: Spanned<String>?
    /// What the answers consist of that it is trained on; without being written, those of the strategy.
    package let answers: Spanned<AnswerStyle>

    enum Definition {
        static let from = Field.text(
            "from",
            "A tokenizer that is there already: `teacher`, `student`, or a source. An imported model's is used by default.")
        static let answers = Field.choice(
            "answers", AnswerStyle.call, spelled: "`calls`; `reasoning` where a strategy has a `*`",
            "Whether it learns from reasonings too: variants with and without a `*` can so share a tokenizer.")
        static let mapping = MappingDefinition(
            "tokenizer", "The vocabulary that teacher and student share.",
            TokenizerTrain.fields() + [from, answers, Field<String>.templateDate])
        static let own = MappingDefinition(
            "student.tokenizer",
            "The student's own vocabulary, where it is not the teacher's. The losses ULD and GOLD distil across the two.",
            TokenizerTrain.fields() + [from, answers])
    }

    package var vocabulary: Spanned<Int> { kind.$vocabulary }
    /// The day that chat templates of imported models are told.
    package let date: Spanned<String>?

    init(reading recipe: Fields, references: References) {
        self.init(own: recipe.section(Pipeline.Definition.tokenizer), references: references)
    }

    /// - Parameter fields: of the section itself.
    init(own fields: Fields, references: References) {
        field = Spanned((), at: fields.anchor, field: fields.path)
        var kind = TokenizerTrain.standard
        kind.read(fields)
        self.kind = kind
        origin = fields.written(Definition.from)
        answers = fields[Definition.answers]
        date = fields.written(Field<String>.templateDate)
        if let origin, !["teacher", "student"].contains(origin.value) { references.check(origin, fields.findings) }
        let training = [("vocabulary", vocabulary.isWritten, vocabulary.span), ("answers", answers.isWritten, answers.span)]
        for (name, isWritten, span) in training where isWritten {
            guard let origin else { break }
            fields.report(
                .conflict, "a tokenizer that is there already has its vocabulary", at: span,
                secondary: [.init(origin.span, "taken from here")], help: "leave '\(name)' out")
        }
    }
}
