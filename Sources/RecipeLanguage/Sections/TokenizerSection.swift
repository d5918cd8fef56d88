import Diagnostics

/// `tokenizer`: the vocabulary that teacher and student share.
public struct TokenizerSection: Sendable {
    /// Tokens, special tokens and bytes included; read where the recipe trains the tokenizer.
    public let vocabulary: Spanned<Int>
    /// `teacher`, `student`, or the source or stage of a tokenizer; `nil` where none is named.
    public let origin: Spanned<String>?

    // 5 special tokens and 256 bytes come before the first merge.
    enum Definition {
        static let vocabulary = Field.integer(
            "vocabulary", 512, in: 261...262_144, "Tokens of a tokenizer trained on the rows, the 256 bytes included.")
        static let from = Field.text(
            "from",
            "A tokenizer that is there already: `teacher`, `student`, or a source. An imported model's is used by default.")
        static let mapping = MappingDefinition("tokenizer", "The vocabulary that teacher and student share.", [vocabulary, from])
    }

    init(reading recipe: Fields, references: References) {
        let fields = recipe.section(Pipeline.Definition.tokenizer)
        vocabulary = fields[Definition.vocabulary]
        origin = fields.written(Definition.from)
        if let origin, !["teacher", "student"].contains(origin.value) { references.check(origin, fields.findings) }
        if let origin, vocabulary.isWritten {
            fields.report(
                Diagnostic(
                    .conflict, "a tokenizer that is there already has its vocabulary", at: vocabulary.span,
                    secondary: [.init(origin.span, "taken from here")], help: "leave 'vocabulary' out"))
        }
    }
}
