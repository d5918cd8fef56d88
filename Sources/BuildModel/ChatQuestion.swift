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
        prompt = Self.prompt(messages: messages, tools: tools.bytes)
        key = Self.key(model: model, prompt: prompt, settings: settings)
        var body = Array(#"{"max_tokens":\#(maxTokens),"messages":"#.utf8) + messages
        body += #","model":"#.utf8
        JSON.appendCanonical(model, to: &body)
        body += #","seed":\#(seed),"temperature":\#(JSON.number(temperature).canonicalText)"#.utf8
        if !tools.isEmpty { body += Array(#","tools":"#.utf8) + tools.bytes }
        self.body = body + [UInt8(ascii: "}")]
    }

    /// Reads a request's body back; `nil` where it is none.
    package init?(body: some Collection<UInt8>) {
        guard let json = try? JSON(parsingAsWritten: body), let model = json["model"]?.string, let messages = json["messages"],
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
    /// Each tool as it was written; canonical where that is not known.
    let bytes: [UInt8]

    /// - Parameter tools: `{"type": "function", "function": {"name", "description", "parameters"}}` each.
    package init(_ tools: [JSON]) {
        isEmpty = tools.isEmpty
        bytes = JSON.array(tools).writtenBytes
    }
}

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
        (self.key, self.json) = (key, json)
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

/// How a model behind a server is reached, and what asking it may cost. Not part of any key: none of it changes an answer.
package struct EndpointAccess: Hashable, Sendable {
    /// Which environment variable holds the key.
    package enum Key: Hashable, Sendable {
        case none
        /// `OPENAI_API_KEY` where it is set, and only over an encrypted connection or to this machine.
        case standard
        /// A variable that the recipe names; it must be set.
        case variable(String)
    }

    /// Money for a million tokens, in whatever currency.
    package struct Price: Hashable, Sendable {
        package var prompt: Double
        package var answer: Double

        package init(prompt: Double, answer: Double) { (self.prompt, self.answer) = (prompt, answer) }
    }

    /// The base, `https://HOST/v1`.
    package var url: String
    package var key: Key
    /// Questions that one build may ask anew; `nil` for no limit.
    package var maxRequests: Int?
    /// Money that one build may spend, in the price's currency; `nil` for no limit.
    package var maxCost: Double?
    package var price: Price
    /// Requests at once.
    package var concurrency: Int
    /// Seconds that one request may take.
    package var timeout: Double
    /// Further attempts at a question whose answer did not come.
    package var retries: Int

    package init(
        url: String, key: Key = .standard, maxRequests: Int? = nil, maxCost: Double? = nil,
        price: Price = Price(prompt: 0, answer: 0), concurrency: Int = 4, timeout: Double = 60, retries: Int = 8
    ) {
        (self.url, self.key, self.maxRequests, self.maxCost) = (url, key, maxRequests, maxCost)
        (self.price, self.concurrency, self.timeout, self.retries) = (price, concurrency, timeout, retries)
    }
}
