import Diagnostics

/// Where a model's first weights come from.
package enum ModelOrigin: Sendable {
    /// Drawn from scratch.
    case initial(ShapeSection)
    /// Imported from a source, or made by a stage of the recipe's own.
    case from(Spanned<String>)

    enum Definition {
        static let from = Field.text("from", "A source of a pretrained model, or a stage that makes one.")
    }

    init(reading model: Fields, _ standard: ShapeSection.Defaults, references: References) {
        if let reference = model.reference(Definition.from, among: references) {
            self = .from(reference)
            if let entry = model.entry("init"), !entry.value.isNull {
                model.report(
                    Diagnostic(
                        .conflict, "\(model.owner) has both 'init' and 'from'", at: entry.key.span,
                        secondary: [.init(reference.span)], help: "keep one of the two"))
            }
        } else {
            self = .initial(ShapeSection(reading: model, standard))
        }
    }

    /// `nil` for a model from elsewhere, whose shape is not known when a recipe is planned.
    package var shape: ShapeSection? { if case .initial(let shape) = self { shape } else { nil } }
    package var reference: Spanned<String>? { if case .from(let reference) = self { reference } else { nil } }
}

/// `init`: the shape of a model that is drawn from scratch.
package struct ShapeSection: Sendable {
    struct Defaults {
        var hidden, layers, heads, kvHeads, intermediate: Int

        static let teacher = Defaults(hidden: 160, layers: 4, heads: 4, kvHeads: 2, intermediate: 320)
        static let student = Defaults(hidden: 128, layers: 4, heads: 4, kvHeads: 2, intermediate: 256)
    }

    package let hidden: Spanned<Int>
    package let layers: Spanned<Int>
    package let heads: Spanned<Int>
    package let kvHeads: Spanned<Int>
    package let intermediate: Spanned<Int>
    /// Whether the head shares the embedding's weights.
    package let tied: Spanned<Bool>

    enum Definition {
        static let hidden = Field.integer("hidden", nil, in: 8...16_384, "Width; 160 for a teacher, 128 for a student.")
        static let layers = Field.integer("layers", 4, in: 1...256, "Transformer blocks.")
        static let heads = Field.integer("heads", 4, in: 1...256, "Attention heads; twice their number divides `hidden`.")
        static let kvHeads = Field.integer("kv_heads", 2, in: 1...256, "Key-value heads; their number divides `heads`.")
        static let intermediate = Field.integer(
            "intermediate", nil, in: 8...65_536, "Width of the feed-forward layers; 320 for a teacher, 256 for a student.")
        static let tied = Field.flag("tied", true, "Whether the head shares the embedding's weights.")
        static let field = SectionField(
            "init",
            MappingDefinition(
                "init", "The shape of a model whose weights are drawn at random.",
                [hidden, layers, heads, kvHeads, intermediate, tied]))
    }

    init(reading model: Fields, _ standard: Defaults) {
        let fields = model.section(Definition.field)
        hidden = fields.value(Definition.hidden, default: standard.hidden)
        layers = fields.value(Definition.layers, default: standard.layers)
        heads = fields.value(Definition.heads, default: standard.heads)
        kvHeads = fields.value(Definition.kvHeads, default: standard.kvHeads)
        intermediate = fields.value(Definition.intermediate, default: standard.intermediate)
        tied = fields[Definition.tied]
        checkHeads(fields)
    }

    /// Every head has an even number of channels (rotary embedding turns pairs), every key-value head the same number of heads.
    private func checkHeads(_ fields: Fields) {
        let step = 2 * heads.value
        if !hidden.value.isMultiple(of: step) {
            let nearest = max((hidden.value + step / 2) / step, 1) * step
            let (blamed, other) = hidden.isWritten || !heads.isWritten ? (hidden, heads) : (heads, hidden)
            fields.report(
                Diagnostic(
                    .badShape, "'hidden' must be a multiple of twice 'heads'", at: blamed.span,
                    label: "\(hidden.value) is no multiple of 2 × \(heads.value)",
                    secondary: other.isWritten ? [.init(other.span)] : [],
                    help: "the nearest possible 'hidden' is \(nearest)"))
        }
        if !heads.value.isMultiple(of: kvHeads.value) {
            let divisors = (1...heads.value).filter(heads.value.isMultiple(of:))
            let nearest = divisors.min { abs($0 - kvHeads.value) < abs($1 - kvHeads.value) } ?? 1
            let (blamed, other) = kvHeads.isWritten || !heads.isWritten ? (kvHeads, heads) : (heads, kvHeads)
            fields.report(
                Diagnostic(
                    .badShape, "'kv_heads' must divide 'heads'", at: blamed.span,
                    label: "\(heads.value) heads cannot share \(kvHeads.value)",
                    secondary: other.isWritten ? [.init(other.span)] : [],
                    help: "the nearest possible 'kv_heads' is \(nearest)"))
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

    enum Definition {
        static let seed = Field.seed(2, "Of the weights drawn and of the order of training rows.")
        static let mapping = MappingDefinition(
            "student", "The model that learns.",
            [ShapeSection.Definition.field, ModelOrigin.Definition.from, Transfer.Definition.student, seed])
    }

    init(reading recipe: Fields, references: References) {
        let fields = recipe.section(Pipeline.Definition.student)
        origin = ModelOrigin(reading: fields, .student, references: references)
        seed = fields[Definition.seed]
        transfer = fields.node("transfer") == nil ? nil : Transfer(reading: Transfer.Definition.student, in: fields, .student)
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
            [ShapeSection.Definition.field, ModelOrigin.Definition.from, endpoint, Transfer.Definition.teacher, seed])
    }

    init(reading recipe: Fields, references: References) {
        let fields = recipe.section(Pipeline.Definition.teacher)
        origin = ModelOrigin(reading: fields, .teacher, references: references)
        endpoint = EndpointSection(reading: Definition.endpoint, in: fields)
        seed = fields[Definition.seed]
        transfer = fields.node("transfer") == nil ? nil : Transfer(reading: Transfer.Definition.teacher, in: fields, .teacher)
        for name in ["init", "from", "transfer"] {
            guard let endpoint = fields.entry("endpoint"), self.endpoint != nil, let other = fields.entry(name) else {
                continue
            }
            fields.report(
                Diagnostic(
                    .conflict, "a teacher behind an endpoint has no '\(name)'", at: other.key.span,
                    secondary: [.init(endpoint.key.span, "the endpoint")], help: "keep one of the two"))
        }
    }
}
