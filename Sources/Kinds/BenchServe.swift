import BuildModel
import Declarations
import Words

/// Serves a model and measures how fast its server answers under load, with all of the machine to itself (METHODS: serving).
/// Answers are those of `decant serve`: calls are held to their functions' schemas.
///
/// Inputs: `model` (float or quantized), `data` (of `data.split`): the rows of a set are the requests, in turns.
/// Output: `serving.json`: under `warm`, and under `cold` where the server kept no prefix of a prompt, for each number of
/// `clients` and each of the `rates`: answers a second; response time, time to the first token, time per further token and
/// between pieces, in seconds (mean, p50, p90, p99); tokens of prompts, answers and what was kept; failures; goodput; `memory`
/// of the server. `latency`: the median response time of the fewest clients; `queries_per_second`: the most of any number of
/// clients.
package struct BenchServe: StageKind {
    package static let declaration = KindDeclaration(
        "bench.serve", revision: 1, inputs: [.required("model"), .required("data")], output: "`serving.json`")
    package static let isMeasurement = true

    /// Concurrent clients, in the order of the report.
    @Spanned package var clients = [1, 8, 16, 32, 64, 128]
    /// Requests a second, which come whether others are answered or not.
    @Spanned package var rates = [1.0]
    /// Seconds for which a number of clients asks.
    @Spanned package var loadTime = 4.0
    @Spanned package var coldCache = true
    /// Seconds until the first token, and for each further one, at most.
    @Spanned package var firstToken: Double? = nil
    @Spanned package var furtherToken: Double? = nil
    @Spanned package var rowSet = RowSet.test.rawValue
    @Spanned package var maxTokens = 64
    @Spanned package var prompt = PromptStyle.query
    @Spanned package var answer = AnswerStyle.call

    package static let standard = Self()
    package static let parameters: [Parameter<Self>] = [
        .init(
            \.$clients,
            Field<[Spanned<Int>]>.list(
                of: .integer("clients", in: 1...1024, "Concurrent clients that `latency` is measured with.")
            ).plain()),
        .init(
            \.$rates,
            Field<[Spanned<Double>]>.list(
                of: .number("rates", in: 1e-2...1e5, "Requests a second, at random times, that `latency` is measured with too.")
            ).plain(), key: .unlessStandard),
        .init(
            \.$loadTime,
            .duration(
                "load_time", in: 0.1...3600,
                "How long each number of `clients` asks for `latency`; each of `rates` as long, and for 30 requests at least."),
            key: .unlessStandard),
        .init(
            \.$coldCache,
            .flag("cold_cache", "Whether `latency` is measured once more by a server that keeps no prefix of a prompt."),
            key: .unlessStandard),
        .init(
            \.$firstToken, .duration("ttft", in: 1e-4...3600, "From the request to the answer's first token, at most."),
            at: "slo.ttft"),
        .init(
            \.$furtherToken, .duration("tpot", in: 1e-4...3600, "For each further token, in the mean of an answer, at most."),
            at: "slo.tpot"),
        .init(\.$rowSet, .text("set", "The set whose rows are asked."), at: .elsewhere, key: .unlessStandard),
        .init(\.$maxTokens, .answerTokens, at: .elsewhere), .init(\.$prompt, .prompt, at: .elsewhere),
        .init(\.$answer, .answer, at: .elsewhere, key: .unlessStandard),
    ]

    package mutating func settle() { $maxTokens = $maxTokens.orTokens(of: $answer) }

    package var runsModel: Bool { true }
    /// The server's, and rows as requests.
    package func memory(_ inputs: [String: Int]) -> Int { 2 * Memory.inference(inputs) }
}
