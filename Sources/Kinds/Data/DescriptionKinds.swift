import Declarations
import Words

package enum DescriptionKinds {
    static let kinds: [any StageKind.Type] = [DescribeSample.self, DataDescribe.self]
}

/// Has a model write descriptions of functions, and keeps of each function's the one that its training queries find it by best:
/// what a writer of descriptions is tuned on ("From Large to Super-Tiny", appendix C).
///
/// A description is accepted if retrieval with it in place of the function's own finds the function for more of the training rows
/// that call it, among the first `top_k`, or for as many with a higher mean reciprocal rank. Functions that no training row calls
/// have no part in it.
///
/// Inputs: `model`, `data` (of `data.split`), `encoder` where the method is `embedding`.
/// Output: as `data.split`, of the task `text`: `train.jsonl` has a row for each function with an accepted description, which
/// `train.sft` learns from; `candidates.json`: every description with its recall; `summary.json`: mean recall before and after.
package struct DescribeSample: StageKind {
    package static let declaration = KindDeclaration(
        "describe.sample", revision: 1, inputs: [.required("model"), .required("data"), .optional("encoder")],
        output: "`functions.json`, `task.json`, `train.jsonl`, `candidates.json`, `summary.json`")

    @Spanned package var samples = 8
    @Spanned package var temperature = 0.8
    @Spanned package var maxTokens = 96
    /// Empty for the standard question.
    @Spanned package var prompt = ""
    @Spanned package var seed = 7
    @Spanned package var method = RetrievalMethod.bm25
    @Spanned package var topK = 5
    @Spanned package var document = DocumentForm.text
    @Spanned package var queryInstruction = ""

    package static let standard = Self()
    package static let parameters: [Parameter<Self>] = [
        .init(\.$samples, .integer("samples", in: 1...256, "Descriptions of each function.")),
        .init(\.$temperature, .number("temperature", in: 0...5, "Of the sampling; 0 is greedy.")),
        .init(\.$maxTokens, .descriptionTokens), .init(\.$prompt, .descriptionPrompt),
        .init(\.$seed, .seed("Of the sampling.")),
        .init(\.$method, .choice("method", "How functions are ranked for a query."), at: .elsewhere),
        .init(\.$topK, .integer("top_k", in: 1...1000, "A description is judged by recall among so many functions.")),
        .init(\.$document, .choice("document", "What of a function is ranked."), at: .elsewhere),
        .init(\.$queryInstruction, .text("query_instruction", "A text before each query."), at: .elsewhere),
    ]

    package var runsModel: Bool { true }
}

/// Has a model write one description of each function, greedily.
///
/// Inputs: `model` (one that was tuned on the rows of `describe.sample`, or any), `data` (of `data.split`).
/// Output: `descriptions.json`: texts by function.
package struct DataDescribe: StageKind {
    package static let declaration = KindDeclaration(
        "data.describe", revision: 1, inputs: [.required("model"), .required("data")], output: "`descriptions.json`")

    @Spanned package var maxTokens = 96
    /// Empty for the standard question.
    @Spanned package var prompt = ""

    package static let standard = Self()
    package static let parameters: [Parameter<Self>] = [
        .init(\.$maxTokens, .descriptionTokens, at: .elsewhere), .init(\.$prompt, .descriptionPrompt, at: .elsewhere),
    ]

    package var runsModel: Bool { true }
}

extension Field where Value == Int {
    fileprivate static var descriptionTokens: Field { .integer("max_tokens", in: 1...4096, "Tokens of a description at most.") }
}

extension Field where Value == String {
    fileprivate static var descriptionPrompt: Field {
        .text("prompt", "What the model is asked, with {function}: the definition as JSON.")
    }
}
