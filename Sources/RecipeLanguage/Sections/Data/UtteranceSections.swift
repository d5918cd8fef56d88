import Declarations
import Diagnostics
import Kinds

/// `data.paraphrase`: a model says each training question in other words.
package struct ParaphraseSection: Sendable {
    package let kind: DataParaphrase
    /// The model: a source or stage, or an endpoint; one of the two.
    package let from: Spanned<String>?
    package let endpoint: EndpointSection?

    enum Definition {
        static let from = Field.text("from", "The source or stage of the model that paraphrases.")
        static let endpoint = SectionField("endpoint", EndpointSection.Definition.mapping)
        static let mapping = MappingDefinition(
            "data.paraphrase", "A model says each training question in other words; what still asks the same is kept.",
            mayBeNone: true, [from, endpoint] + DataParaphrase.fields())
    }

    init?(reading data: Fields, references: References) {
        guard let fields = data.optionalSection(DataSection.Definition.paraphrase) else { return nil }
        var kind = DataParaphrase.standard
        kind.read(fields)
        from = fields.reference(Definition.from, among: references)
        endpoint = EndpointSection(reading: Definition.endpoint, in: fields)
        kind.$endpoint = fields.standard("endpoint", endpoint?.parameters)
        self.kind = kind
        let (local, remote) = (fields.entry("from"), fields.entry("endpoint"))
        if local == nil, remote == nil {
            fields.report(
                .missingField(
                    "from", in: fields.owner, at: fields.anchor, help: "add 'from: SOURCE', or 'endpoint: {url: …, model: …}'"))
        } else if let local, let remote {
            fields.report(
                .conflict, "'data.paraphrase' has both 'from' and 'endpoint'", at: remote.key.span,
                secondary: [.init(local.key.span)], help: "keep one of the two")
        }
        if !kind.prompt.isEmpty, !kind.prompt.contains("{query}") {
            fields.report(
                .missingField(
                    "{query}", in: "the prompt", at: kind.$prompt.span, help: "write {query} where the question belongs"))
        }
    }
}

extension DataAugment {
    enum Definition {
        static let mapping = MappingDefinition(
            "data.augment",
            "Training rows get copies that are written otherwise, and the test rows so written are the set `robust`.",
            mayBeNone: true, DataAugment.fields())
    }

    init?(reading data: Fields) {
        guard let fields = data.optionalSection(DataSection.Definition.augment) else { return nil }
        self = .standard
        read(fields)
    }
}
