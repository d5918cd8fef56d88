import Declarations
import Words

package enum EndpointKinds {
    static let kinds: [any StageKind.Type] = [EndpointGenerate.self, EndpointCost.self]
}

/// Greedy answers of a model behind an OpenAI-compatible server to the rows of the evaluation sets.
///
/// Inputs: `data` (of `data.split`).
/// Output: `<set>.jsonl` per set, as `eval.generate` writes them, with tokens as the server counts them (0 where it counts none)
/// and the model's `reasoning` where it gave one; `exchanges.jsonl`, as `endpoint.sample` writes them.
package struct EndpointGenerate: AskingKind {
    package static let declaration = KindDeclaration(
        "endpoint.generate", revision: 1, inputs: [.required("data")], output: "one `<set>.jsonl` per set, `exchanges.jsonl`")

    package var endpoint = EndpointParameters()
    /// In the order in which they are reported.
    @Spanned package var sets: [String] = []
    @Spanned package var maxTokens = 64

    package static let standard = Self()
    package static let parameters: [Parameter<Self>] = [
        .init(\.endpoint, "endpoint", "The model behind the server."),
        .init(\.$sets, .names("sets", "The sets that the model answers."), at: .elsewhere, isNeeded: true),
        .init(\.$maxTokens, .answerTokens),
    ]

    package var askedModel: String? { endpoint.model }
}

/// What the answers of a model behind a server take, in tokens and in money.
///
/// Inputs: `answers` (of `endpoint.generate`).
/// Output: `cost.json`, as `eval.cost` writes it, without what is not known of such a model; `price.json`: over all sets and for
/// each the mean `prompt_tokens`, `response_tokens` and `price` of an answer, `null` where the server counts no tokens or the
/// recipe names no price.
package struct EndpointCost: StageKind {
    package static let declaration = KindDeclaration(
        "endpoint.cost", revision: 1, inputs: [.required("answers")], output: "`cost.json`, `price.json`")

    /// Of a million tokens.
    @Spanned package var promptPrice = 0.0
    @Spanned package var answerPrice = 0.0

    package static let standard = Self()
    package static let parameters: [Parameter<Self>] = [
        .init(\.$promptPrice, .number("prompt_price", in: 0...1e6, "A million tokens of prompts."), at: .elsewhere),
        .init(\.$answerPrice, .number("answer_price", in: 0...1e6, "A million tokens of answers."), at: .elsewhere),
    ]
    package func operations(_ workload: Workload) -> Double? { 0 }
}
