import Declarations
import Diagnostics
import Kinds
import Words

/// `prompts`: how much of its prompts each side sees, and what they say of functions.
package struct PromptsSection: Sendable {
    /// `nil` where nobody says it.
    package let teacher: Spanned<PromptView>?
    package let student: Spanned<PromptView>?
    /// What prompts say of a function, where no chat template shows functions. `nil` where nobody says it.
    package let signature: Spanned<SignatureForm>?

    enum Definition {
        static let teacher = Field.choice(
            "teacher", PromptView.full, "What the teachers see: what they answer, and what their logits are of.")
        static let student = Field.choice(
            "student", PromptView.full, "What the student sees: in training, in evaluation and wherever it is run.")
        static let mapping = MappingDefinition(
            "prompts",
            "How much of its prompts each side sees: `full`, or `compressed`, without instructions, format rules and examples. "
                + "`prompts: compressed` is short for both. And what they say of functions.",
            [teacher, student, Field<SignatureForm>.signature])
        static let field = RawField(
            "prompts", .either([.choice(PromptView.allCases.map(\.spelling)), .mapping(mapping)]),
            standard: "`full`; `compressed` with `data.compress_prompt`", mapping.documentation)
    }

    init(reading recipe: Fields) {
        guard let entry = recipe.entry(Definition.field.name), let node = recipe.node(entry.name) else {
            (teacher, student, signature) = (nil, nil, nil)
            return
        }
        guard let entries = node.mapping else {
            let place = FieldPlace(field: entry.name, findings: recipe.findings)
            let view: PromptView? = readWord(node, place)
            let both = view.map { Spanned($0, at: node.span, field: place.field) }
            (teacher, student, signature) = (both, both, nil)
            return
        }
        let fields = Fields(
            Definition.mapping, path: entry.name, anchor: entry.key.span, entries: entries, findings: recipe.findings)
        (teacher, student) = (fields.written(Definition.teacher), fields.written(Definition.student))
        signature = fields.written(Field<SignatureForm>.signature)
    }
}

extension Fields {
    /// The recipe's examples; each question and each answer has its place.
    var examples: Spanned<[PromptExample]> {
        var examples = self[Pipeline.Definition.examples]
        guard let node = node(Pipeline.Definition.examples.name) else { return examples }
        let field = examples.field
        let parts = (node.sequence ?? [node]).enumerated().map { index, example in
            let members = (example.mapping ?? []).map { ($0.name, Place($0.value.span, field: "\(field).\($0.name)")) }
            return (
                String(index),
                Place(example.span, field: field, parts: Dictionary(members, uniquingKeysWith: { $1 }))
            )
        }
        examples.place = Place(
            node.span, field: field, isWritten: examples.isWritten, parts: Dictionary(parts, uniquingKeysWith: { $1 }))
        return examples
    }
}

/// What prompts show, and to whom.
extension Pipeline {
    /// How much of its prompts a teacher sees.
    package var teacherView: PromptView { prompts.teacher?.value ?? standardView }
    /// How much of its prompts the student sees.
    package var studentView: PromptView { prompts.student?.value ?? standardView }

    private var standardView: PromptView { data.compressesPrompts.value ? .compressed : .full }

    /// Whether teacher and student read the same question in prompts of their own.
    package var hasTwoViews: Bool { teacherView != studentView }

    /// The same, with the place that says it.
    package var viewsApart: Spanned<Bool> {
        let said = prompts.student ?? prompts.teacher
        return Spanned(hasTwoViews, at: said?.place ?? data.compressesPrompts.place)
    }

    /// The instructions, examples and short reasonings of the recipe; `nil` where it has none.
    package var guidance: DataInstruct? {
        let reasoning = task.reasoning.flatMap { $0.value == .worked ? nil : $0 }
        guard !instructions.value.isEmpty || !examples.value.isEmpty || reasoning != nil else { return nil }
        var kind = DataInstruct.standard
        (kind.$instructions, kind.$examples) = (instructions, examples)
        if let reasoning { kind.$reasoning = reasoning }
        return kind
    }

    /// What becomes of the sets before prompts are made of them, whoever sees these; in the order of the stages.
    package var preparations: [DataSection.Preparation] {
        data.preparations + [guidance.map(DataSection.Preparation.instruct)].compactMap(\.self)
            + (teacherView == .compressed && !hasTwoViews ? [.compressPrompts] : [])
    }
}
