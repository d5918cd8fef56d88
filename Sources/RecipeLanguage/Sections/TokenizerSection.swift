import Declarations
import Diagnostics
import Kinds
import Words

/// `tokenizer`: the vocabulary that teacher and student share.
package struct TokenizerSection: Sendable {
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
            "tokenizer", "The vocabulary that teacher and student share.", TokenizerTrain.fields() + [from, answers])
    }

    package var vocabulary: Spanned<Int> { kind.$vocabulary }

    init(reading recipe: Fields, references: References) {
        let fields = recipe.section(Pipeline.Definition.tokenizer)
        var kind = TokenizerTrain.standard
        kind.read(fields)
        self.kind = kind
        origin = fields.written(Definition.from)
        answers = fields[Definition.answers]
        if let origin, !["teacher", "student"].contains(origin.value) { references.check(origin, fields.findings) }
        let training = [("vocabulary", vocabulary.isWritten, vocabulary.span), ("answers", answers.isWritten, answers.span)]
        for (name, isWritten, span) in training where isWritten {
            guard let origin else { break }
            fields.report(
                Diagnostic(
                    .conflict, "a tokenizer that is there already has its vocabulary", at: span,
                    secondary: [.init(origin.span, "taken from here")], help: "leave '\(name)' out"))
        }
    }
}
