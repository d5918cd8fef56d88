import CanonicalJSON

/// A question that was asked, and what the server answered.
///
/// ```
/// {"answer":{…},"key":"…","model":"…","prompt":"…","settings":{"max_tokens":…,"seed":…,"temperature":…}}
/// ```
package struct ChatExchange: Hashable, Sendable {
    /// Of the question.
    package let key: Digest
    package let json: JSON

    /// The server's answer as it came, without the asker's key.
    package var answer: JSON { json["answer"] ?? .null }

    package init(_ question: ChatQuestion, answer: JSON) {
        key = question.key
        json = [
            "answer": answer, "key": .string(question.key.hex), "model": .string(question.model),
            "prompt": .string(question.prompt.hex), "settings": question.settings,
        ]
    }

    /// Reads an exchange back; `nil` where a member is missing, or where its key is not that of what it says was asked.
    package init?(json: JSON) {
        guard let model = json["model"]?.string, let prompt = json["prompt"]?.string.flatMap(Digest.init(hex:)),
            let settings = json["settings"], let key = json["key"]?.string.flatMap(Digest.init(hex:)), json["answer"] != nil,
            json.object?.count == 5, key == ChatQuestion.key(model: model, prompt: prompt, settings: settings)
        else { return nil }
        self.key = key
        self.json = json
    }

    /// Reads a line of a file of exchanges.
    package init?(line: some Collection<UInt8>) {
        guard let json = try? JSON(parsing: line) else { return nil }
        self.init(json: json)
    }

    /// Tokens that the server counted.
    package var usage: (prompt: Int, answer: Int)? {
        guard let prompt = answer["usage"]?["prompt_tokens"]?.integer, prompt >= 0,
            let tokens = answer["usage"]?["completion_tokens"]?.integer, tokens >= 0
        else { return nil }
        return (prompt, tokens)
    }

    /// The name of the file in which an artifact keeps the exchanges that it stands on, one a line.
    package static let fileName = "exchanges.jsonl"
}
