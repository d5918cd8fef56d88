import CanonicalJSON
import Engine
import Words

/// An answer of a model and what it is.
struct ModelAnswer {
    let task: TaskKind
    let response: String
    /// The part that answers; `nil` where the response is not in the model's style of answers.
    let answer: String?
    /// Why it is no answer of the task; `nil` where it is one, and where nobody knows the functions.
    let fault: String?
    /// Whether it is known what an answer may be.
    let isChecked: Bool
    let promptTokens: Int
    let responseTokens: Int
    /// What each option was held to be worth, where the answer is the most probable one.
    var options: [(text: String, scored: ScoredOption)] = []

    /// How probable it is that a text fits, of 0 to 1; `nil` for other tasks than `rank`.
    private var score: Double? { task == .rank && !options.isEmpty ? RankTask.score(options.map(\.scored)) : nil }

    /// On one line.
    var text: String {
        let line = response.replacing("\r", with: "\\r").replacing("\n", with: "\\n")
        return score.map { "\(line) \(($0 * 10_000).rounded() / 10_000)" } ?? line
    }

    func json(to query: RunQuery) -> JSON {
        var members: [String: JSON] = [
            "query": .string(query.text), "response": .string(response), "valid": isChecked ? .bool(fault == nil) : .null,
            "why": fault.map(JSON.string) ?? .null, "prompt_tokens": .count(promptTokens),
            "response_tokens": .count(responseTokens),
        ]
        let (name, value) = content
        members[name] = value
        if let score { members["score"] = .number(score) }
        if !options.isEmpty {
            members["options"] = .array(
                options.map { ["text": .string($0.text), "log_probability": .number($0.scored.logProbability)] })
        }
        if let id = query.id { members["id"] = .string(id) }
        return .object(members)
    }

    /// What the answer says, under the name for its task: `null` where it is none.
    private var content: (name: String, value: JSON) {
        switch task {
        case .calls:
            let calls = answer.flatMap { try? CallParser.calls(in: $0).get() }
            return ("calls", calls.map { .array($0.map(\.json)) } ?? .null)
        case .extract:
            let object = answer.flatMap { try? JSON(parsing: $0, maximumDepth: 64) }
            return ("object", object?.object == nil ? .null : object ?? .null)
        case .classify: return ("label", fault == nil ? answer.map { .string($0.trimmed) } ?? .null : .null)
        case .choice, .rank, .text: return ("answer", answer.map(JSON.string) ?? .null)
        }
    }
}
