import CanonicalJSON
import Engine

/// What all parts of one answer begin with.
struct AnswerHead: Sendable {
    var id: String
    var created: Int
    var model: String
    var fingerprint: String

    /// An answer, or a part of one.
    func json(
        _ object: String, _ choices: [JSON], _ usage: TokenUsage? = nil, further members: [(String, JSON)] = []
    ) -> JSON {
        var all: [(String, JSON)] = [
            ("id", .string(id)), ("object", .string(object)), ("created", .count(created)), ("model", .string(model)),
            ("system_fingerprint", .string(fingerprint)), ("choices", .array(choices)),
        ]
        if let usage { all.append(("usage", usage.json)) }
        return .object(inOrder: all + members)
    }
}

/// What a streamed answer tells of one choice.
enum AnswerDelta: Sendable {
    case opening
    case text(String)
    case reasoning(String)
    case call(number: Int, id: String, name: String)
    case arguments(number: Int, String)
    case end(FinishedAnswer.End)
}

/// The tokens behind a part of an answer.
struct ToldTokens: Sendable {
    var tokens: [ServedToken] = []
    /// Characters of the answer before them.
    var offset = 0
}

/// How answers are written: as those of chats, or as those of completions.
protocol AnswerForm: Sendable {
    /// Whether a choice's first event is its `opening`.
    var hasOpening: Bool { get }
    func whole(_ answers: [FinishedAnswer], usage: TokenUsage) -> JSON
    /// - Parameter behind: the tokens that an event tells of.
    func event(_ delta: AnswerDelta, of choice: Int, behind: ToldTokens) -> JSON
    func usageEvent(_ usage: TokenUsage) -> JSON
}

/// `chat.completion` and `chat.completion.chunk`.
struct ChatForm: AnswerForm {
    let head: AnswerHead
    /// `nil` where likelihoods are not asked for.
    let likelihoods: TokenLikelihoods?
    let tellsTokens: Bool
    let hasOpening = true

    func whole(_ answers: [FinishedAnswer], usage: TokenUsage) -> JSON {
        let choices = answers.enumerated().map { number, answer in
            var choice: [(String, JSON)] = [
                ("index", .count(number)), ("message", message(answer)),
                ("logprobs", likelihoods.map { $0.chat(answer.tokens) } ?? .null),
                ("finish_reason", .string(answer.end.rawValue)),
            ]
            if tellsTokens { choice.append(("token_ids", .array(answer.tokens.map { .count(Int($0.token)) }))) }
            return JSON.object(inOrder: choice)
        }
        var members: [(String, JSON)] = []
        if tellsTokens, let prompt = answers.first?.promptTokens {
            members = [("prompt_token_ids", .array(prompt.map { .count(Int($0)) }))]
        }
        return head.json("chat.completion", choices, usage, further: members)
    }

    private func message(_ answer: FinishedAnswer) -> JSON {
        var members: [(String, JSON)] = [
            ("role", "assistant"),
            ("content", answer.calls.isEmpty || !answer.content.isEmpty ? .string(answer.content) : .null),
            ("refusal", .null),
        ]
        if let reasoning = answer.reasoning { members.append(("reasoning_content", .string(reasoning))) }
        if !answer.calls.isEmpty {
            members.append(("tool_calls", .array(answer.calls.map { Self.call($0.id, $0.name, $0.arguments) })))
        }
        return .object(inOrder: members)
    }

    private static func call(_ id: String, _ name: String, _ arguments: String) -> JSON {
        .object(inOrder: [
            ("id", .string(id)), ("type", "function"),
            ("function", .object(inOrder: [("name", .string(name)), ("arguments", .string(arguments))])),
        ])
    }

    func event(_ delta: AnswerDelta, of choice: Int, behind: ToldTokens) -> JSON {
        var end = JSON.null
        var members: [(String, JSON)] = []
        switch delta {
        case .opening: members = [("role", "assistant"), ("content", "")]
        case .text(let text): members = [("content", .string(text))]
        case .reasoning(let text): members = [("reasoning_content", .string(text))]
        case .call(let number, let id, let name):
            members = [("tool_calls", [JSON.object(inOrder: [("index", .count(number))]).merging(Self.call(id, name, ""))])]
        case .arguments(let number, let text):
            members = [("tool_calls", [["index": .count(number), "function": ["arguments": .string(text)]]])]
        case .end(let reason): end = .string(reason.rawValue)
        }
        let told: JSON = .object(inOrder: [
            ("index", .count(choice)), ("delta", .object(inOrder: members)),
            ("logprobs", likelihoods.map { $0.chat(behind.tokens) } ?? .null), ("finish_reason", end),
        ])
        return head.json("chat.completion.chunk", [told])
    }

    func usageEvent(_ usage: TokenUsage) -> JSON { head.json("chat.completion.chunk", [], usage) }
}

/// `text_completion`.
struct CompletionForm: AnswerForm {
    let head: AnswerHead
    let likelihoods: TokenLikelihoods?
    let tellsTokens: Bool
    let hasOpening = false

    func whole(_ answers: [FinishedAnswer], usage: TokenUsage) -> JSON {
        let choices = answers.enumerated().map { number, answer in
            var choice = members(
                number, answer.content, ToldTokens(tokens: answer.tokens), end: .string(answer.end.rawValue))
            if tellsTokens {
                choice.append(("token_ids", .array(answer.tokens.map { .count(Int($0.token)) })))
                choice.append(("prompt_token_ids", .array(answer.promptTokens.map { .count(Int($0)) })))
            }
            return JSON.object(inOrder: choice)
        }
        return head.json("text_completion", choices, usage)
    }

    func event(_ delta: AnswerDelta, of choice: Int, behind: ToldTokens) -> JSON {
        var (text, end) = ("", JSON.null)
        switch delta {
        case .text(let part): text = part
        case .end(let reason): end = .string(reason.rawValue)
        case .opening, .reasoning, .call, .arguments: break
        }
        return head.json("text_completion", [.object(inOrder: members(choice, text, behind, end: end))])
    }

    func usageEvent(_ usage: TokenUsage) -> JSON { head.json("text_completion", [], usage) }

    private func members(_ number: Int, _ text: String, _ behind: ToldTokens, end: JSON) -> [(String, JSON)] {
        [
            ("index", .count(number)), ("text", .string(text)),
            ("logprobs", likelihoods.map { $0.completion(behind.tokens, from: behind.offset) } ?? .null),
            ("finish_reason", end),
        ]
    }
}
