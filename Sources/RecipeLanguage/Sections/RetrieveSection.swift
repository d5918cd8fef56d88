import Declarations
import Kinds
import Words

/// `data.retrieve`: each row's functions are the nearest ones of the whole pool.
package struct RetrieveSection: Sendable {
    package let kind: DataRetrieve
    /// The encoder's source; needed by `embedding`.
    package let encoder: Spanned<String>?

    enum Definition {
        static let encoder = Field.text("encoder", "The source of the sentence encoder; `embedding` needs one.")
        static let mapping = MappingDefinition(
            "data.retrieve", "The functions that a prompt lists are retrieved from the whole pool.", mayBeNone: true,
            DataRetrieve.fields() + [encoder])
    }

    init?(reading data: Fields, references: References) {
        guard let fields = data.optionalSection(DataSection.Definition.retrieve) else { return nil }
        var kind = DataRetrieve.standard
        kind.read(fields)
        self.kind = kind
        encoder = fields.encoder(Definition.encoder, for: kind.$method, references)
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
        encoder = fields.encoder(RetrieveSection.Definition.encoder, for: kind.$method, references)
    }
}

extension Fields {
    /// The source of an encoder, which one of the methods cannot do without.
    fileprivate func encoder(
        _ field: Field<String>, for method: Spanned<RetrievalMethod>, _ references: References
    ) -> Spanned<String>? {
        let encoder = reference(field, among: references)
        if method.value == .embedding, encoder == nil, node(field.name) == nil {
            report(
                .missingField(field.name, in: owner, at: method.span, help: "add 'encoder: SOURCE', or write 'method: bm25'"))
        }
        return encoder
    }
}
