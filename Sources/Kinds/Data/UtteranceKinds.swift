import Declarations
import Words

package enum UtteranceKinds {
    static let kinds: [any StageKind.Type] = [DataAugment.self, DataParaphrase.self]
}

/// Writes questions otherwise: in another case, with other marks, typing errors, fillers and polite words.
///
/// Training rows get varied copies beside them; the test rows, varied, are the set `robust`. A quarter of the phrases is kept for
/// `robust`. Answers stay as they are; words that an answer takes from its question stay readable (see `ProtectedWords`).
///
/// Inputs: `data` (of `data.split`).
/// Output: as its input, with the set `robust` where there are test rows, and `augment.json`: rows by set and variation.
package struct DataAugment: StageKind {
    package static let declaration = KindDeclaration(
        "data.augment", revision: 1, inputs: [.required("data")],
        output: "as `data.split`, with the set `robust`, and `augment.json`")

    @Spanned package var copies = 1
    /// Of the set `robust`.
    @Spanned package var rows = 1000
    /// In the order of `QueryVariation`.
    @Spanned package var variations = QueryVariation.allCases
    @Spanned package var language = UtteranceLanguage.english
    @Spanned package var seed = 7

    package static let standard = Self()
    package static let parameters: [Parameter<Self>] = [
        .init(\.$copies, .integer("copies", in: 0...16, "Varied copies of each training row, beside the row itself.")),
        .init(\.$rows, .integer("rows", in: 0...10_000_000, "Rows of the set `robust` at most; 0 makes no such set.")),
        .init(
            \.$variations,
            Field<[Spanned<QueryVariation>]>.list(
                of: .choice("variations", "What may change."), isSet: true
            ).plain()),
        .init(
            \.$language,
            .choice("language", "`en`: English phrases and contractions take part; `other`: neither does.")),
        .init(\.$seed, .seed("Draws the variations.")),
    ]

    package mutating func settle() {
        variations = variations.isEmpty ? QueryVariation.allCases : QueryVariation.allCases.filter(variations.contains)
    }
}

/// Asks a model for other words for each training question, and keeps what still asks the same.
///
/// Revision 2: no reply has a token that only pads the embedding.
///
/// A paraphrase is kept if it is new, not too short or long, and has every word that the row's answer takes from its question;
/// with `judge`, only if the model then says that it asks for the same.
///
/// Inputs: `data` (of `data.split`), `model` where the model is at hand.
/// Output: as its input, and `paraphrases.jsonl`: every paraphrase with its row, and why it was not kept; `summary.json`. With an
/// endpoint also `exchanges.jsonl`.
package struct DataParaphrase: AskingKind {
    package static let declaration = KindDeclaration(
        "data.paraphrase", revision: 2, inputs: [.required("data"), .optional("model")],
        output: "as `data.split`, `paraphrases.jsonl`, `summary.json`, `exchanges.jsonl`?")

    /// Paraphrases of each row.
    @Spanned package var count = 2
    @Spanned package var temperature = 0.8
    @Spanned package var maxTokens = 64
    /// Empty for the standard question.
    @Spanned package var prompt = ""
    @Spanned package var judge = true
    @Spanned package var seed = 7
    /// The model behind a server; `nil` where it is the input `model`.
    @Spanned package var endpoint: EndpointParameters? = nil

    package static let standard = Self()
    package static let parameters: [Parameter<Self>] = [
        .init(\.$count, .integer("count", in: 1...16, "Paraphrases of each training row.")),
        .init(\.$temperature, .number("temperature", in: 0...5, "Of the sampling; 0 is greedy.")),
        .init(\.$maxTokens, .integer("max_tokens", in: 1...4096, "Tokens of a paraphrase at most.")),
        .init(\.$prompt, .text("prompt", "What the model is asked, with {query}.")),
        .init(\.$judge, .flag("judge", "Whether the model is asked, too, if a paraphrase means the same as its question.")),
        .init(\.$seed, .seed("Of the sampling.")),
        .init(\.$endpoint, "endpoint", "The model, where it is behind a server."),
    ]

    package var askedModel: String? { endpoint?.model }
    package var runsModel: Bool { endpoint == nil }
    package func operations(_ workload: Workload) -> Double? { workload.passes(count, over: RowSet.train.rawValue) }
}
