import Declarations
import Diagnostics
import Kinds
import Words

/// `data.retrieve`: each row's functions are the nearest ones of the whole pool.
package struct RetrieveSection: Sendable {
    package let kind: DataRetrieve
    /// The encoder's source; `bm25` needs none.
    package let encoder: Spanned<String>?
    /// How the classifier is trained, where one ranks.
    package let classifier: EncoderTrain?
    /// `nil` where functions keep their descriptions.
    package let describe: DescribeSection?

    enum Definition {
        static let encoder = Field.text(
            "encoder",
            "The source of the encoder that `embedding` and `classifier` need: of BERT's family, or for `embedding` a decoder.")
        static let training = SectionField(
            "training",
            MappingDefinition("data.retrieve.training", "How a classifier of functions is trained.", EncoderTraining.fields()))
        static let describe = SectionField("describe", DescribeSection.Definition.mapping)
        static let mapping = MappingDefinition(
            "data.retrieve", "The functions that a prompt lists are retrieved from the whole pool.", mayBeNone: true,
            DataRetrieve.fields() + [encoder, training, describe])
    }

    init?(reading data: Fields, references: References) {
        guard let fields = data.optionalSection(DataSection.Definition.retrieve) else { return nil }
        var kind = DataRetrieve.standard
        kind.read(fields)
        self.kind = kind
        encoder = fields.encoder(Definition.encoder, for: kind.$method, references)
        describe = DescribeSection(reading: fields, for: kind, references: references)
        if kind.method == .classifier {
            var classifier = EncoderTrain.standard
            classifier.training.read(fields.section(Definition.training))
            self.classifier = classifier
        } else {
            classifier = nil
            if let entry = fields.entry("training"), !entry.value.isNull {
                fields.report(
                    .conflict, "the method '\(kind.method.rawValue)' trains nothing", at: entry.key.span,
                    secondary: kind.$method.isWritten ? [.init(kind.$method.span)] : [],
                    help: "leave 'training' out, or write 'method: classifier'")
            }
        }
        checkTexts(fields)
    }

    /// What of the texts a method does not read.
    private func checkTexts(_ fields: Fields) {
        let unread = [
            ("query_instruction", kind.$queryInstruction.map { _ in }, kind.method != .embedding, "'method: embedding'"),
            ("document", kind.$document.map { _ in }, kind.method == .classifier, "another method"),
        ]
        for (name, field, isUnread, other) in unread where isUnread && field.isWritten {
            fields.report(
                .conflict, "the method '\(kind.method.rawValue)' does not read '\(name)'", at: field.span,
                secondary: kind.$method.isWritten ? [.init(kind.$method.span)] : [],
                help: "leave it out, or take \(other)")
        }
    }
}

/// `data.knowledge`: each row gets the snippets that are nearest to its query.
package struct KnowledgeSection: Sendable {
    package let kind: DataKnowledge
    /// The source of the snippets.
    package let snippets: Spanned<String>
    /// The encoder's source; needed by `embedding`.
    package let encoder: Spanned<String>?

    enum Definition {
        static let snippets = Field.text(
            "snippets", required: true, "The source of the snippets: JSON lines with `text`, or a YAML list of texts.")
        static let mapping = MappingDefinition(
            "data.knowledge", "Snippets of knowledge that prompts show, retrieved for each query.", mayBeNone: true,
            [snippets] + DataKnowledge.fields() + [RetrieveSection.Definition.encoder])
    }

    init?(reading data: Fields, references: References) {
        guard let fields = data.optionalSection(DataSection.Definition.knowledge) else { return nil }
        let written = fields.reference(Definition.snippets, among: references)
        if written == nil, fields.node("snippets") == nil {
            fields.report(.missingField("snippets", in: fields.owner, at: fields.anchor, help: "add 'snippets: SOURCE'"))
        }
        snippets = written ?? fields.standard("snippets", "")
        var kind = DataKnowledge.standard
        kind.read(fields)
        self.kind = kind
        if kind.method == .classifier {
            fields.report(
                .conflict, "snippets of knowledge are no classes that a classifier could learn", at: kind.$method.span,
                help: "write 'method: bm25' or 'method: embedding'")
        }
        encoder = fields.encoder(RetrieveSection.Definition.encoder, for: kind.$method, references)
    }
}

extension Fields {
    /// The source of an encoder, which one of the methods cannot do without.
    fileprivate func encoder(
        _ field: Field<String>, for method: Spanned<RetrievalMethod>, _ references: References
    ) -> Spanned<String>? {
        let encoder = reference(field, among: references)
        if method.value != .bm25, encoder == nil, node(field.name) == nil {
            report(
                .missingField(field.name, in: owner, at: method.span, help: "add 'encoder: SOURCE', or write 'method: bm25'"))
        }
        return encoder
    }
}
