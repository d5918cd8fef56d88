import CanonicalJSON
import Engine
import Foundation

/// How answers are drawn and given, in requests for chats and for completions alike.
struct Sampling: Sendable {
    var temperature: Double
    var topP: Double
    var topK: Int?
    var seed: UInt64
    /// Answers to one prompt.
    var count: Int
    var stop: [String]
    /// `nil` for as many as the model usually has.
    var maximumTokens: Int?
    var isStreamed: Bool
    /// Whether the last event of a stream tells the numbers of tokens.
    var tellsUsage: Bool
    /// Whether the answer tells its tokens and the prompt's by number.
    var tellsTokens: Bool
    /// Whether the answer goes on behind the tokens that end it, as load tests want.
    var ignoresEnd: Bool

    /// Every step looks for the texts that end an answer.
    private static let mostStopBytes = 256

    private static let temperature = APIField<Double>.number(
        "temperature", 0...2, "0, as it is where nothing is said, takes the most probable token at every place.")
    private static let topP = APIField<Double>.number(
        "top_p", 0...1, "Tokens are drawn from the most probable ones, which together are this probable.")
    private static let topK = APIField<Int>.count("top_k", 1...1_000_000, "Tokens are drawn from so many most probable ones.")
    private static let seed = APIField<Int>.count(
        "seed", Int.min...Int.max, "Equal requests with equal seeds have equal answers, whatever else is asked meanwhile.")
    private static let count = APIField<Int>.count("n", 1...128, "Answers to each prompt.")
    private static let stop = APIField<[String]>.texts("stop", 0...16, "Texts that end an answer and are not part of it.")
    private static let maximumTokens = APIField<Int>.count("max_tokens", 1...1_000_000, "New tokens at most.")
    private static let maximumNewTokens = APIField<Int>.count(
        "max_completion_tokens", 1...1_000_000, "The newer name of max_tokens.")
    private static let isStreamed = APIField<Bool>.flag("stream", "Whether the answer comes as server-sent events.")
    private static let streamOptions = APIField<Bool>(
        "stream_options",
        ["type": "object", "properties": ["include_usage": ["type": "boolean"]], "additionalProperties": false],
        "Whether the last event tells the numbers of tokens."
    ) { value throws(APIError) in
        guard let object = value.object, object.keys.allSatisfy({ $0 == "include_usage" }),
            let flag = (object["include_usage"] ?? false).bool
        else { throw APIError.invalid("'stream_options' must be an object with 'include_usage'", field: "stream_options") }
        return flag
    }
    private static let tellsTokens = APIField<Bool>.flag(
        "return_token_ids", "Whether the answer tells the prompt's and its own tokens by number.")
    private static let ignoresEnd = APIField<Bool>.flag(
        "ignore_eos", "Whether the answer goes on to its most tokens, as tests of speed want; not of constrained answers.")

    static let declarations: [FieldDeclaration] = {
        let own = [
            temperature.declaration, topP.declaration, topK.declaration, seed.declaration, count.declaration, stop.declaration,
            maximumTokens.declaration, isStreamed.declaration, streamOptions.declaration, tellsTokens.declaration,
            ignoresEnd.declaration,
        ]
        return own + Unused.all
    }()

    /// Of chats alone.
    static let newerName = maximumNewTokens.declaration

    /// One whole answer, the most probable one.
    static let whole = Sampling()

    private init() {
        (temperature, topP, topK, seed, count, stop) = (0, 1, nil, 0, 1, [])
        (maximumTokens, isStreamed, tellsUsage, tellsTokens, ignoresEnd) = (nil, false, false, false, false)
    }

    init(_ body: JSON) throws(APIError) {
        temperature = try body.value(Self.temperature) ?? 0
        topP = try body.value(Self.topP) ?? 1
        guard topP > 0 else { throw APIError.invalid("'top_p' must be above 0", field: "top_p") }
        topK = try body.value(Self.topK)
        seed = try body.value(Self.seed).map { UInt64(bitPattern: Int64($0)) } ?? UInt64.random(in: .min ... .max)
        count = try body.value(Self.count) ?? 1
        stop = try body.value(Self.stop)?.filter { !$0.isEmpty } ?? []
        guard stop.allSatisfy({ $0.utf8.count <= Self.mostStopBytes }) else {
            throw APIError.invalid("a text of 'stop' may have \(Self.mostStopBytes) bytes at most", field: "stop")
        }
        let (tokens, newTokens) = (try body.value(Self.maximumTokens), try body.value(Self.maximumNewTokens))
        guard tokens == nil || newTokens == nil || tokens == newTokens else {
            throw APIError.invalid("'max_tokens' and 'max_completion_tokens' differ; name one", field: "max_tokens")
        }
        maximumTokens = newTokens ?? tokens
        isStreamed = try body.value(Self.isStreamed) ?? false
        let options = try body.value(Self.streamOptions)
        guard options == nil || isStreamed else {
            throw APIError.invalid("'stream_options' goes with 'stream': true", field: "stream_options")
        }
        tellsUsage = options ?? false
        tellsTokens = try body.value(Self.tellsTokens) ?? false
        ignoresEnd = try body.value(Self.ignoresEnd) ?? false
        try Unused.check(body)
    }

    /// - Parameter usual: new tokens where the request does not say how many.
    func options(usual: Int, endTokens: [Int32], stops: StopSequences?, recordsLogProbabilities: Bool) -> GenerationOptions {
        GenerationOptions(
            maximumTokens: maximumTokens ?? usual, stopTokens: ignoresEnd ? [] : Set(endTokens), stopSequences: stops,
            temperature: temperature, topK: topK, topP: topP, samples: 1, seed: seed,
            recordsLogProbabilities: recordsLogProbabilities)
    }
}

/// What clients of OpenAI send as a matter of habit.
private enum Unused {
    private static let object: JSON = ["type": "object"]
    private static let text: JSON = ["type": "string"]

    private static let fields = [
        APIField<Void>.unused("user", text), .unused("metadata", object), .unused("store", ["type": "boolean"]),
        .unused("service_tier", text), .unused("safety_identifier", text), .unused("prompt_cache_key", text),
        .unused("frequency_penalty", [:], harmless: [0]), .unused("presence_penalty", [:], harmless: [0]),
        .unused("repetition_penalty", [:], harmless: [1]),
        .unused("logit_bias", [:], harmless: [[:]]),
    ]

    static let all = fields.map(\.declaration)

    static func check(_ body: JSON) throws(APIError) {
        for field in fields { _ = try body.value(field) }
    }
}
