import BuildModel
import Declarations
import Words

package enum MeasuringKinds {
    static let kinds: [any StageKind.Type] = [BenchDecode.self, BenchQueries.self, BenchServe.self, Report.self]
}

/// Measures how fast a model answers one prompt, one token after the other, with all of the machine to itself.
///
/// The prompt is of fixed tokens, and nothing ends the answer early. A model that reads fewer positions gets shorter ones.
///
/// Inputs: `model` (float or quantized).
/// Output: `speed.json`: `tokens_per_second` of the best round, that of each of the `rounds`, without the time of reading the
/// prompt; `prompt_tokens` and `new_tokens` as they were, `threads`.
package struct BenchDecode: StageKind {
    package static let declaration = KindDeclaration(
        "bench.decode", revision: 1, inputs: [.required("model")], output: "`speed.json`")
    package static let isMeasurement = true

    @Spanned package var promptTokens = 32
    @Spanned package var newTokens = 64
    @Spanned package var rounds = 3

    package static let standard = Self()
    package static let parameters: [Parameter<Self>] = [
        .init(\.$promptTokens, .integer("prompt_tokens", in: 1...65_536, "Tokens of the prompt, at most."), at: .elsewhere),
        .init(\.$newTokens, .integer("new_tokens", in: 1...65_536, "Tokens whose time is taken, at most."), at: .elsewhere),
        .init(
            \.$rounds, .integer("rounds", in: 1...1000, "How often the answer is made; the best round counts."), at: .elsewhere),
    ]

    package var runsModel: Bool { true }
}

/// Measures how many questions a second a model answers that are all there at once, with all of the machine to itself.
///
/// Inputs: `model` (float or quantized, or a tagger of `encoder.train`), `data` (of `data.split`).
/// Output: `queries.json`: `queries_per_second` of the best round, that of each of the `rounds`; `rows` as they were, `threads`.
package struct BenchQueries: StageKind {
    package static let declaration = KindDeclaration(
        "bench.queries", revision: 1, inputs: [.required("model"), .required("data")], output: "`queries.json`")
    package static let isMeasurement = true

    @Spanned package var rowSet = RowSet.test.rawValue
    @Spanned package var rows = 200
    @Spanned package var rounds = 3
    @Spanned package var maxTokens = 64
    @Spanned package var prompt = PromptStyle.query
    @Spanned package var answer = AnswerStyle.call

    package static let standard = Self()
    package static let parameters: [Parameter<Self>] = [
        .init(\.$rowSet, .text("set", "The set whose first rows are asked."), at: .elsewhere),
        .init(\.$rows, .integer("rows", in: 1...1_000_000, "Rows, at most."), at: .elsewhere),
        .init(\.$rounds, .integer("rounds", in: 1...1000, "How often all are asked; the best round counts."), at: .elsewhere),
        .init(\.$maxTokens, .answerTokens, at: .elsewhere), .init(\.$prompt, .prompt, at: .elsewhere),
        .init(\.$answer, .answer, at: .elsewhere),
    ]

    package mutating func settle() { $maxTokens = $maxTokens.orTokens(of: $answer) }

    package var runsModel: Bool { true }
}

/// Lays the scores and costs of all variants side by side.
///
/// Inputs: `scores.<i>` and `cost.<i>` for the i-th row of `rows`, perhaps `perplexity.<i>`, `loss.<i>`, `serving.<i>`,
/// `speed.<i>`, `queries.<i>`, `price.<i>`, `comparison.<i>`.
/// Output: `report.json`, `report.md`: the metrics side by side, over seeds where there are several; calls, no-calls and lengths
/// of answers; the functions most often called in place of others; what the judge accepts and what `ast` does; wins and losses
/// against other models; answers a second and response times under load, and what a million answers cost at `core_price`.
///
/// Revision 4: where some rows of a set want a call and others none, the share of right refusals stands beside AR.
package struct Report: StageKind {
    package static let declaration = KindDeclaration(
        "report", revision: 4,
        inputs: [
            .numbered("scores"), .numbered("cost"), .numbered("perplexity"), .numbered("loss"), .numbered("serving"),
            .numbered("speed"), .numbered("queries"), .numbered("price"), .numbered("comparison"),
        ],
        output: "`report.json`, `report.md`")

    /// Name of each row: the teacher, intermediate models, the variants.
    @Spanned package var rows: [String] = []
    /// Columns: `ar`, `exact`, `flops`, `speed`.
    @Spanned package var metrics: [String] = []
    @Spanned package var sets: [String] = []
    @Spanned package var repeated: [String]? = nil
    /// Metrics of quality, each with a mark at the rows that no other beats in it and in bytes: `ar` or `exact`, on the first
    /// set, and `perplexity`. `nil` where models are not made smaller in several ways.
    @Spanned package var fronts: [String]? = nil
    /// Of a processor core for an hour; `nil` where nobody states one.
    @Spanned package var corePrice: Double? = nil

    package static let standard = Self()
    package static let parameters: [Parameter<Self>] = [
        .init(\.$rows, .texts("rows", "The name of each row."), at: .elsewhere, isNeeded: true),
        .init(\.$metrics, .texts("metrics", "The columns."), at: .elsewhere, isNeeded: true),
        .init(\.$sets, .texts("sets", "The sets that are reported."), at: .elsewhere, isNeeded: true),
        .init(
            \.$repeated, .texts("repeated", "For each row what it repeats with another seed; rows of one name are summed up."),
            at: .elsewhere),
        .init(
            \.$fronts,
            .texts("fronts", "Metrics of quality: a row that no other beats in one of them and in bytes gets a mark."),
            at: .elsewhere),
        .init(
            \.$corePrice,
            .number(
                "core_price", in: 0...1_000_000,
                "Price of a processor core for an hour, in any currency: what a million answers cost then stands beside their "
                    + "`latency`.")),
    ]

    package func operations(_ workload: Workload) -> Double? { 0 }
}

extension Field where Value == [String] {
    /// Texts, equal ones among them.
    static func texts(_ name: String, required: Bool = false, _ documentation: String) -> Field {
        Field<[Spanned<String>]>.list(of: .word(name, documentation), required: required).plain()
    }
}
