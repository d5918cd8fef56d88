import CanonicalJSON

/// What a model behind a server is asked: a request of the chat completions interface, known by what decides the answer.
///
/// Where the server is, who asks and how often is no part of it.
package struct ChatQuestion: Sendable {
    package let model: String
    /// The SHA-256 of the messages and the functions.
    package let prompt: Digest
    /// `max_tokens`, `seed`, `temperature`.
    package let settings: JSON
    /// The SHA-256 of model, prompt and settings.
    package let key: Digest
    /// The request's body, canonical.
    package let body: [UInt8]

    /// - Parameters:
    ///   - messages: `[{"role": "user", "content": …}]`.
    ///   - tools: what the model may call; left out of the request where there are none.
    ///   - maxTokens: of the answer, at most.
    package init(model: String, messages: JSON, tools: ChatTools, temperature: Double, maxTokens: Int, seed: Int) {
        self.model = model
        settings = [
            "max_tokens": .integer(Int64(maxTokens)), "seed": .integer(Int64(seed)), "temperature": .number(temperature),
        ]
        let messages = messages.canonicalBytes
        prompt = Self.prompt(messages: messages, tools: tools.canonicalBytes)
        key = Self.key(model: model, prompt: prompt, settings: settings)
        var body = Array(#"{"max_tokens":\#(maxTokens),"messages":"#.utf8) + messages
        body += #","model":"#.utf8
        JSON.appendCanonical(model, to: &body)
        body += #","seed":\#(seed),"temperature":\#(JSON.number(temperature).canonicalText)"#.utf8
        if !tools.isEmpty { body += Array(#","tools":"#.utf8) + tools.canonicalBytes }
        self.body = body + [UInt8(ascii: "}")]
    }

    /// Reads a request's body back; `nil` where it is none.
    package init?(body: some Collection<UInt8>) {
        guard let json = try? JSON(parsing: body), let model = json["model"]?.string, let messages = json["messages"],
            let temperature = json["temperature"]?.double, let maxTokens = json["max_tokens"]?.integer,
            let seed = json["seed"]?.integer
        else { return nil }
        self.init(
            model: model, messages: messages, tools: ChatTools(json["tools"]?.array ?? []), temperature: temperature,
            maxTokens: maxTokens, seed: seed)
    }

    static func key(model: String, prompt: Digest, settings: JSON) -> Digest {
        Digest(
            hashing: JSON.object(["model": .string(model), "prompt": .string(prompt.hex), "settings": settings]).canonicalBytes)
    }

    private static func prompt(messages: [UInt8], tools: [UInt8]) -> Digest {
        var hasher = DigestHasher()
        hasher.update(Array(#"{"messages":"#.utf8))
        hasher.update(messages)
        hasher.update(Array(#","tools":"#.utf8))
        hasher.update(tools)
        hasher.update([UInt8(ascii: "}")])
        return hasher.finish()
    }
}

/// Functions that a model may call, spelled once: most questions of a stage have the same.
package struct ChatTools: Sendable {
    package let isEmpty: Bool
    let canonicalBytes: [UInt8]

    /// - Parameter tools: `{"type": "function", "function": {"name", "description", "parameters"}}` each.
    package init(_ tools: [JSON]) {
        isEmpty = tools.isEmpty
        canonicalBytes = JSON.array(tools).canonicalBytes
    }
}
