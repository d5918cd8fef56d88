import Declarations
import Diagnostics
import Kinds
import Words

/// `baseline`: the system that the student replaces, trained on the same rows and evaluated beside it.
package struct BaselineSection: Sendable {
    package let field: Spanned<Void>
    package let kind: Spanned<BaselineKind>
    /// The encoder's source; `nil` where it is the one that functions are retrieved with.
    package let encoder: Spanned<String>?
    package let train: EncoderTrain

    enum Definition {
        static let kind = Field.choice(
            "kind", BaselineKind.icsf, "`icsf`: one encoder classifies domain and intent and fills slots.")
        static let encoder = Field.text(
            "encoder", "The source of the encoder that is tuned, of BERT's family; without one that of `data.retrieve`.")
        static let training = SectionField(
            "training", MappingDefinition("baseline.training", "How the encoder is tuned.", EncoderTraining.fields()))
        static let mapping = MappingDefinition(
            "baseline", "The system that the student replaces, trained on the same rows and evaluated beside it.",
            [kind, encoder, training])
        static let field = RawField(
            "baseline", .either([.choice(BaselineKind.allCases.map(\.rawValue) + ["none"]), .mapping(mapping)]),
            standard: "`none`", mapping.documentation)
    }

    /// `nil` for `baseline: none`, and where nothing is written.
    init?(reading recipe: Fields, references: References) {
        guard let node = recipe.node(Definition.field.name), node.scalar?.text != "none" else { return nil }
        let isWord = node.scalar.map { BaselineKind(rawValue: $0.text) != nil } ?? false
        let fields =
            isWord
            ? Fields(Definition.mapping, path: "baseline", anchor: node.span, entries: [], findings: recipe.findings)
            : recipe.section(SectionField("baseline", Definition.mapping))
        field = Spanned((), at: node.span, field: "baseline")
        kind = fields[Definition.kind]
        encoder = fields.reference(Definition.encoder, among: references)
        var train = EncoderTrain.standard
        train.$labels = Spanned(.frames, at: node.span, field: "baseline")
        train.training.read(fields.section(Definition.training))
        self.train = train
    }
}

extension Pipeline {
    /// The source of the baseline's encoder: its own, or that of retrieval.
    package var baselineEncoder: Spanned<String>? { baseline?.encoder ?? data.retrieve?.encoder }
}
