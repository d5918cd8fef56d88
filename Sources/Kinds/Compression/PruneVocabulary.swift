import Declarations
import Words

/// Takes the tokens out of a model that the texts of its domain do not need.
///
/// The texts are prompts and answers of the set's rows, in the model's own markup; with functions in prompts, each function that
/// a prompt may list. All of them stay the same tokens, under new ids, and any other text can still be spelled. The embedding,
/// the head, the tokenizer and the ids in the configurations lose the others.
///
/// Inputs: `model` (float), and one of: `data` (of `data.split`), perhaps `data.<i>` with other rows or views of the same;
/// `text` (a text, or records with `text`); `tokenizer`, whose tokens are kept, so that teacher and student have the same.
/// Output: a model folder and `vocabulary.json`: tokens, parameters and bytes before and after, the tokens that the texts use;
/// for the rows of the set `test` the mean of their tokens before and after, and the share of those with more.
package struct PruneVocabulary: StageKind {
    package static let declaration = KindDeclaration(
        "prune.vocabulary", revision: 1,
        inputs: [.required("model"), .optional("data"), .numbered("data"), .optional("text"), .optional("tokenizer")],
        output: "a model folder, `vocabulary.json`")

    @Spanned package var vocabulary = KeptVocabulary.used
    /// The number of tokens is rounded up to a multiple of it, by more of the frequent ones.
    @Spanned package var multiple = 64
    @Spanned package var set = RowSet.train.rawValue
    @Spanned package var prompt = PromptStyle.query
    /// With `reasoning`, answers with and without one.
    @Spanned package var answer = AnswerStyle.call

    package static let standard = Self()
    package static let parameters: [Parameter<Self>] = [
        .init(\.$vocabulary, .vocabulary, at: .elsewhere),
        .init(
            \.$multiple,
            .integer(
                "multiple", in: 1...4096,
                "The number of tokens is rounded up to a multiple of it, by more of the frequent ones."),
            at: .elsewhere),
        .init(\.$set, .calibrationSet, at: .elsewhere), .init(\.$prompt, .prompt, at: .elsewhere),
        .init(\.$answer, .answer, at: .elsewhere),
    ]

    package func memory(_ inputs: [String: Int]) -> Int {
        // Of the model with the wanted tokens, the tokenizer alone is read.
        Memory.inference(inputs.filter { $0.key != "tokenizer" })
    }

    package func operations(_ workload: Workload) -> Double? { 0 }
}

extension Field where Value == KeptVocabulary {
    /// How many tokens stay.
    package static var vocabulary: Field {
        let (counts, shares) = (1...4_194_304, 0.001...0.999)
        return Field(
            "vocabulary", .either([.choice([KeptVocabulary.usedWord]), .integer(counts), .share(shares)]), standard: nil,
            nothing: .used,
            "Tokens that stay in the vocabulary: those that the texts of the domain need and any other text is spelled with "
                + "(`used`), or so many, or a share of all: the most frequent of the others then stay too.",
            spell: \.spelling
        ) { node, place in
            let text = node.scalar?.text ?? ""
            if text == KeptVocabulary.usedWord { return .used }
            if let count = Quantity.integer(text) {
                guard counts.contains(count) else {
                    place.report(
                        .outOfRange(
                            place.field, allowed: ValueType.describe(counts),
                            nearest: "\(min(max(count, counts.lowerBound), counts.upperBound))", at: node.span))
                    return nil
                }
                return .tokens(count)
            }
            guard let share = Quantity.number(text) else {
                place.report(
                    .wrongType(
                        place.field, wants: "'\(KeptVocabulary.usedWord)', a number of tokens, or a share such as 25%",
                        found: node))
                return nil
            }
            guard shares.contains(share) else {
                place.report(
                    .outOfRange(
                        place.field, allowed: ValueType.describe(shares, \.percentage),
                        nearest: min(max(share, shares.lowerBound), shares.upperBound).percentage, at: node.span))
                return nil
            }
            return .share(share)
        }
    }
}

extension KeptVocabulary {
    /// As a recipe has it.
    package var spelling: String {
        switch self {
        case .used: Self.usedWord
        case .tokens(let count): "\(count)"
        case .share(let share): share.percentage
        }
    }
}
