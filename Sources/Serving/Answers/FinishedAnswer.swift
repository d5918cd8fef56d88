import CanonicalJSON
import Engine

/// An answer that is whole, as the interface tells it.
struct FinishedAnswer: Sendable {
    struct Call: Hashable, Sendable {
        var id: String
        var name: String
        /// The JSON text of the arguments.
        var arguments: String
    }

    /// Why it ended, in the interface's words.
    enum End: String, Sendable {
        case stop
        case length
        case calls = "tool_calls"
    }

    var content: String
    var reasoning: String?
    var calls: [Call] = []
    var end: End
    /// With the likelihoods that were asked for.
    var tokens: [ServedToken]
    /// Number of tokens.
    var length: Int
    var promptTokens: [Int32]
    /// Of the prompt, those that the engine had read before.
    var cachedTokens: Int

    /// What a model said to a question.
    init(_ sequence: GeneratedSequence, to question: Question, tokens: [ServedToken], cachedTokens: Int, item: Int) {
        (self.tokens, promptTokens, self.cachedTokens) = (tokens, question.prompt, cachedTokens)
        length = sequence.tokens.count
        end = sequence.isFinished ? .stop : .length
        switch question.manner {
        case .words: content = sequence.text(with: question.tokenizer)
        case .reading(let convention), .calls(let convention):
            let reading = convention.reading(of: sequence)
            content = reading.answer ?? reading.response
            if convention.answerStyle == .reasoning {
                reasoning = try? ReasonedResponse.parse(reading.response).get().reasoning
            }
            guard convention.task.kind == .calls, let answer = reading.answer,
                case .success(let called) = CallParser.calls(in: answer)
            else { return }
            content = reading.words ?? ""
            let spelled =
                CallStream.calls(in: answer)
                ?? called.map {
                    (name: $0.name, arguments: JSON.object($0.arguments).canonicalText)
                }
            calls = spelled.enumerated().map { number, call in
                Call(
                    id: Self.callID(number, in: question.prompt, item: item), name: call.name, arguments: call.arguments)
            }
            if !calls.isEmpty { end = .calls }
        }
    }

    /// No call, which was decided on before anything was generated.
    init(refusing question: Question, cachedTokens: Int) {
        (content, end, tokens, length) = ("", .stop, [], 0)
        (promptTokens, self.cachedTokens) = (question.prompt, cachedTokens)
    }

    /// The name of a call, of nine letters and digits: some chat templates accept no other. Equal requests have equal names, and
    /// the calls of one conversation have different ones.
    static func callID(_ number: Int, in prompt: [Int32], item: Int) -> String {
        // FNV-1a.
        var hash: UInt64 = 0xCBF2_9CE4_8422_2325
        for value in prompt + [Int32(truncatingIfNeeded: item), Int32(truncatingIfNeeded: number)] {
            for shift in stride(from: 0, to: 32, by: 8) {
                hash = (hash ^ UInt64(UInt32(bitPattern: value) >> UInt32(shift) & 0xFF)) &* 0x100_0000_01B3
            }
        }
        var id = ""
        for _ in 0..<9 {
            let digit = hash % 36
            id += String(digit, radix: 36)
            hash /= 36
        }
        return id
    }
}

/// Numbers of tokens.
struct TokenUsage: Hashable, Sendable {
    var prompt = 0
    var answer = 0
    var cached = 0

    init() {}

    /// Of several answers; a prompt counts once for all answers to it.
    init(_ answers: [FinishedAnswer], toEachPrompt count: Int) {
        for (number, answer) in answers.enumerated() {
            self.answer += answer.length
            guard number % max(1, count) == 0 else { continue }
            prompt += answer.promptTokens.count
            cached += answer.cachedTokens
        }
    }

    var json: JSON {
        .object(inOrder: [
            ("prompt_tokens", .count(prompt)), ("completion_tokens", .count(answer)), ("total_tokens", .count(prompt + answer)),
            ("prompt_tokens_details", ["cached_tokens": .count(cached)]),
        ])
    }
}
