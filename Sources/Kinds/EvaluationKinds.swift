import Declarations
import Words

package enum EvaluationKinds {
    static let kinds: [any StageKind.Type] = [
        EvalGenerate.self, EvalLikelihood.self, EvalLoss.self, EvalScore.self, EvalCost.self, EvalPerplexity.self,
    ]
}

/// Greedy answers to the rows of the evaluation sets.
///
/// Revision 3: no answer has a token that only pads the embedding.
///
/// Inputs: `model` (float or quantized), `data` (of `data.split`).
/// Output: `<set>.jsonl` per set: row id, response text, prompt and response token counts; what a chat model said in
/// its own form, and why that cannot be read. With `refusals`, of a model that answers in Decant's form, `refusal`: the
/// `likelihood` of no call with its `tokens`, and where the response calls nothing the most probable `call` with `call_tokens`.
package struct EvalGenerate: StageKind {
    package static let declaration = KindDeclaration(
        "eval.generate", revision: 3, inputs: [.required("model"), .required("data")], output: "one `<set>.jsonl` per set")

    /// In the order in which they are reported.
    @Spanned package var sets = evaluatedSets
    @Spanned package var maxTokens = 64
    @Spanned package var prompt = PromptStyle.query
    @Spanned package var answer = AnswerStyle.call
    @Spanned package var constrained = false
    /// `nil` where an answer has as many calls as its tokens allow.
    @Spanned package var maxCalls: Int? = nil
    /// Whether what a threshold decides by is found too.
    @Spanned package var refusals = false

    package static let standard = Self()
    package static let parameters: [Parameter<Self>] = [
        .init(\.$sets, .evaluatedSets, at: .elsewhere, isNeeded: true), .init(\.$maxTokens, .answerTokens),
        .init(
            \.$refusals,
            .flag(
                "refusals", "Whether the likelihood of no call is found, and a call for each row that is answered without one."),
            at: .elsewhere, key: .unlessStandard),
        .init(
            \.$constrained,
            .flag("constrained", "Whether models can answer nothing but calls that fit the functions' schemas."),
            key: .unlessStandard),
        .init(\.$maxCalls, .maxCalls),
        .init(\.$prompt, .prompt, at: .elsewhere), .init(\.$answer, .answer, at: .elsewhere),
    ]

    package mutating func settle() {
        $maxTokens = $maxTokens.orTokens(of: $answer)
        if !constrained { maxCalls = nil }
    }

    package var runsModel: Bool { true }
    package func operations(_ workload: Workload) -> Double? { workload.sharing().pass(over: sets) }
}

/// How probable a model holds each of the answers that a row or its task names, and the most probable one as its answer.
///
/// Inputs: `model` (float or quantized), `data` (of `data.split`), of a task with options: `choice`, `rank`, `classify`.
/// Output: `<set>.jsonl` per set, as `eval.generate` writes them (`response_tokens` are those of all options), and for each row
/// its `options`, in the row's or the task's order: `log_probability` (natural, summed over the option's tokens), `tokens`,
/// `characters` and `bytes` (Unicode scalars and UTF-8 bytes of the option), `greedy` (each token is the most probable one).
package struct EvalLikelihood: StageKind {
    package static let declaration = KindDeclaration(
        "eval.likelihood", revision: 1, inputs: [.required("model"), .required("data")], output: "one `<set>.jsonl` per set")

    /// In the order in which they are reported.
    @Spanned package var sets = evaluatedSets
    @Spanned package var prompt = PromptStyle.query
    @Spanned package var context = OptionContext.prompt

    package static let standard = Self()
    package static let parameters: [Parameter<Self>] = [
        .init(\.$sets, .evaluatedSets, at: .elsewhere, isNeeded: true), .init(\.$prompt, .prompt, at: .elsewhere),
        .init(
            \.$context,
            .choice(
                "context",
                "What stands before an option: the `prompt` as training shows it, or its `text` alone and a space, as "
                    + "lm-evaluation-harness has it.")),
    ]

    package var runsModel: Bool { true }
    package func operations(_ workload: Workload) -> Double? { workload.sharing().pass(over: sets) }
}

/// Cross entropy of a model on the rows' own answers.
///
/// Inputs: `model` (float or quantized), `data` (of `data.split`).
/// Output: `loss.json`: per set `loss`, the mean of −ln q over the tokens of all answers, end tokens included (of passages, over
/// all tokens but the first), in nats; `tokens` and `rows`.
package struct EvalLoss: StageKind {
    package static let declaration = KindDeclaration(
        "eval.loss", revision: 1, inputs: [.required("model"), .required("data")], output: "`loss.json`")

    @Spanned package var sets = evaluatedSets
    @Spanned package var prompt = PromptStyle.query
    @Spanned package var answer = AnswerStyle.call

    package static let standard = Self()
    package static let parameters: [Parameter<Self>] = [
        .init(\.$sets, .evaluatedSets, at: .elsewhere, isNeeded: true), .init(\.$prompt, .prompt, at: .elsewhere),
        .init(\.$answer, .answer, at: .elsewhere),
    ]

    package var runsModel: Bool { true }
    package func operations(_ workload: Workload) -> Double? { workload.sharing().pass(over: sets) }
}

/// The sets of generated data, without functions out of domain.
let evaluatedSets = [RowSet.test, .phrasing, .values].map(\.rawValue)

/// Scores answers against the rows.
///
/// Inputs: `data` (of `data.split`), `answers` (of `eval.generate` or `eval.likelihood`), `judge` (a model) where a model at hand
/// decides, `script` (files) where a program does, `gate` (of `judge.gate`) where the judge must have passed it.
/// Output: `scores.json`: per set the number of rows, AR (share that the judge accepts), exact match, both for rows that want
/// a call and rows that want none, response length mean and deviation; `confusion.json`: per set and wanted function the rows,
/// AR and exact match, and which function was called how often in its place; `failures.jsonl`: every row not accepted, with
/// the reason. Where a model or a program decides, `verdicts.jsonl` and the agreement with `ast`, as `judge` writes them. With
/// `domains`, also how often the calls, read as frames, have the right domain, intent and slots; with `arguments` precision,
/// recall and F1 of the calls' arguments.
package struct EvalScore: JudgingKind {
    package static let declaration = KindDeclaration(
        "eval.score", revision: 2,
        inputs: [.required("data"), .required("answers"), .optional("judge"), .optional("script"), .optional("gate")],
        output: "`scores.json`, `confusion.json`, `failures.jsonl`, `verdicts.jsonl`?")

    @Spanned package var judge = JudgeKind.ast
    @Spanned package var checks: [JudgeKind] = []
    @Spanned package var sets = evaluatedSets
    @Spanned package var answer = AnswerStyle.call
    /// What a judging model is asked; only where one is.
    @Spanned package var question: ModelQuestion? = nil
    /// The program that judges; only where one does.
    @Spanned package var program: JudgingProgram? = nil
    /// Functions by domain; `nil` where calls are not read as frames.
    @Spanned package var domains: [String: [String]]? = nil
    @Spanned package var arguments = false

    package static let standard = Self()
    package static let parameters: [Parameter<Self>] = [
        .init(\.$judge, .judge("judge")), .checks(\.$checks), .init(\.$sets, .evaluatedSets, isNeeded: true),
        .init(\.$answer, .answer), .question(\.$question), .program(\.$program), .init(\.$domains, .domains),
        .init(
            \.$arguments, .flag("arguments", "Whether the arguments of calls are counted one by one."), key: .unlessStandard),
    ]

    package var judges: Spanned<[JudgeKind]> { $judge.map { checks + [$0] } }
    package func operations(_ workload: Workload) -> Double? { 0 }
}

/// Counts parameters, bytes and the FLOPs of an answer (METHODS: cost).
///
/// With a cached prefix, the prompts' tokens are of two kinds: those that are computed, and those whose keys and values are at
/// hand. `shared` finds them with a prefix tree of each set's prompts: a server that keeps what it has read computes every
/// node of the tree once. At least the last token of a prompt is computed.
///
/// Inputs: `model`, also one of `encoder.train`, `answers` (of `eval.generate`, `eval.likelihood` or `eval.frames`): the token
/// counts of the workload; with `shared` `data` (of `data.split`): the prompts.
/// Output: `cost.json`: parameters, bytes, and per set the mean counts of tokens and operations of an answer: `prefill_flops` of
/// the prompt tokens that are computed, `decode_flops` of the answer, `flops` of both; with a cached prefix `cached_tokens`,
/// and as `cached_flops` what they would cost.
package struct EvalCost: StageKind {
    /// Revision 2: models without biases are counted without.
    package static let declaration = KindDeclaration(
        "eval.cost", revision: 2, inputs: [.required("model"), .required("answers"), .optional("data")],
        output: "`cost.json`")

    @Spanned package var cachedPrefix: CachedPrefix? = nil
    /// What prompts are made of, where they are compared.
    @Spanned package var prompt: PromptStyle? = nil
    @Spanned package var answer: AnswerStyle? = nil
    /// Of answers that were found by likelihood.
    @Spanned package var context: OptionContext? = nil

    package static let standard = Self()
    package static let parameters: [Parameter<Self>] = [
        .init(\.$cachedPrefix, .cachedPrefix),
        .init(\.$prompt, .prompt, at: .elsewhere, when: { $0.compares }, standard: .query),
        .init(\.$answer, .answer, at: .elsewhere, when: { $0.compares }, standard: .call),
        .init(
            \.$context, .choice("context", "What stands before an option, where answers were found by likelihood."),
            at: .elsewhere),
    ]

    private var compares: Spanned<Bool> { $cachedPrefix.map { $0 == .shared } }

    package func operations(_ workload: Workload) -> Double? { 0 }
}

/// Perplexity of a model on a text, in windows (METHODS: evaluation).
///
/// A window starts every `stride` tokens; of all but the first, only the tokens that no window before it held are counted.
///
/// Inputs: `model` (float or quantized), `text`: one plain text, UTF-8.
/// Output: `perplexity.json`: `perplexity`, `loss` (mean negative log-likelihood in nats), counts of tokens and windows.
package struct EvalPerplexity: StageKind {
    package static let declaration = KindDeclaration(
        "eval.perplexity", revision: 1, inputs: [.required("model"), .required("text")], output: "`perplexity.json`")

    @Spanned package var stride = 256
    @Spanned package var context = 512
    @Spanned package var tokens: Int? = nil

    package static let standard = Self()
    package static let parameters: [Parameter<Self>] = [
        .init(\.$stride, .integer("stride", in: 1...65_536, "Tokens between the starts of two windows.")),
        .init(\.$context, .integer("context", in: 2...65_536, "Tokens of a window.")),
        .init(
            \.$tokens,
            .integer("tokens", in: 2...1_000_000_000, "Tokens of the text that are read at most, from its beginning.")),
    ]

    package var runsModel: Bool { true }
}

extension Field where Value == CachedPrefix {
    fileprivate static var cachedPrefix: Field {
        let counts = 1...1_000_000
        return Field(
            "cached_prefix", .either([.choice([CachedPrefix.sharedWord]), .integer(counts)]), standard: nil, nothing: .shared,
            "Prompt tokens that a server has read before, in `flops`: what the prompts of a set have in common (`shared`), or so "
                + "many at the beginning of each.",
            spell: { if case .tokens(let count) = $0 { "\(count)" } else { CachedPrefix.sharedWord } }
        ) { node, place in
            let text = node.scalar?.text ?? ""
            if text == CachedPrefix.sharedWord { return .shared }
            guard let count = Quantity.integer(text) else {
                place.report(.wrongType(place.field, wants: "'\(CachedPrefix.sharedWord)' or a number of tokens", found: node))
                return nil
            }
            guard counts.contains(count) else {
                place.report(
                    .outOfRange(
                        place.field, allowed: ValueType.describe(counts),
                        nearest: "\(min(max(count, counts.lowerBound), counts.upperBound))", at: node.span))
                return nil
            }
            return .tokens(count)
        }
    }
}

extension Field where Value == [String] {
    static var evaluatedSets: Field { .names("sets", "The sets that models answer.") }
}
