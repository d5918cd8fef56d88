import CanonicalJSON
import Engine

/// A request for the next message of a chat.
struct ChatRequest: Sendable {
    let model: String
    let conversation: ChatConversation
    let tools: ToolWish
    /// What the words of an answer must be; `nil` for any.
    let format: ObjectSchema?
    /// Whether calls are held to their schemas, and other answers to what the task allows.
    let isConstrained: Bool
    let sampling: Sampling
    let likelihoods: LikelihoodWish

    static let model = APIField<String>.text("model", "The name of a served model.")
    private static let messages = APIField<ChatConversation>(
        "messages", ChatConversation.schema, "The conversation so far; it ends with what is to be answered."
    ) { value throws(APIError) in try ChatConversation(value) }
    private static let knowledge = APIField<[String]>.texts(
        "knowledge", 0...1000, "Passages that the question's prompt shows, as training rows have them.")
    private static let isConstrained = APIField<Bool>.flag(
        "constrained", "Whether an answer is held to the schemas of its calls, or to what the model's task allows; true.")

    static let fields = RequestFields(
        [model.declaration.required, messages.declaration.required, knowledge.declaration, isConstrained.declaration],
        ToolWish.declarations, [ResponseFormat.field.declaration], Sampling.declarations, [Sampling.newerName],
        LikelihoodWish.chatDeclarations)

    init(_ body: JSON) throws(APIError) {
        try Self.fields.check(body)
        guard let model = try body.value(Self.model), var conversation = try body.value(Self.messages) else {
            throw APIError.invalid("'model' and 'messages' are missing")
        }
        conversation.background.knowledge = try body.value(Self.knowledge) ?? []
        (self.model, self.conversation) = (model, conversation)
        tools = try ToolWish(body)
        format = try body.value(ResponseFormat.field) ?? nil
        isConstrained = try body.value(Self.isConstrained) ?? true
        sampling = try Sampling(body)
        likelihoods = try LikelihoodWish(chat: body)
        guard format == nil || tools.given == nil || tools.choice == .none else {
            throw APIError.invalid("'tools' and 'response_format' exclude each other; name one", field: "response_format")
        }
        guard format == nil || isConstrained else {
            throw APIError.invalid("'response_format' goes with 'constrained': true", field: "response_format")
        }
    }
}

/// What stands before an answer, in the parts of a row, as chats to learn from are read: system messages are instructions, those
/// named `example_user` and `example_assistant` are examples, the user's last message is the query, and calls and their results
/// may follow it.
struct ChatConversation: Sendable {
    var query: String
    var background: RowBackground

    static let schema: JSON = [
        "type": "array", "minItems": 1,
        "items": [
            "type": "object", "required": ["role"],
            "properties": [
                "role": ["enum": ["system", "developer", "user", "assistant", "tool"]],
                "content": [
                    "anyOf": [
                        ["type": "string"], ["type": "null"],
                        [
                            "type": "array",
                            "items": [
                                "type": "object", "required": ["type", "text"],
                                "properties": ["type": ["enum": ["text"]], "text": ["type": "string"]],
                            ],
                        ],
                    ]
                ],
                "name": ["type": ["string", "null"]],
                "tool_calls": ["type": ["array", "null"], "items": ["type": "object"]],
                "tool_call_id": ["type": ["string", "null"]],
            ],
        ],
    ]

    init(_ json: JSON) throws(APIError) {
        guard let list = json.array, !list.isEmpty else {
            throw APIError.invalid("'messages' must be a list with at least one message", field: "messages")
        }
        var messages: [ChatMessage] = []
        var examples = ShownExamples()
        for (number, message) in list.enumerated() {
            do throws(RowError) {
                let said = try Self.message(message)
                if try !examples.take(said, named: message["name"]?.string) { messages.append(said) }
            } catch {
                throw APIError.invalid("message \(number + 1): \(error)", field: "messages")
            }
        }
        guard examples.areWhole else {
            throw APIError.invalid("'messages' has an 'example_user' without an 'example_assistant'", field: "messages")
        }
        let said = Self.withCallIDs(messages.filter { $0.role != .system })
        guard let place = said.lastIndex(where: { $0.role == .user }) else {
            throw APIError.invalid("'messages' has no message of the user's", field: "messages")
        }
        if said.last?.role == .assistant {
            throw APIError.invalid(
                "'messages' must end with a message of the user's or with a call's result", field: "messages")
        }
        query = said[place].content
        background = RowBackground(
            instructions: messages.filter { $0.role == .system }.map(\.content).filter { !$0.isEmpty }
                .joined(separator: "\n\n"),
            context: Array(said[..<place]))
        background.examples = examples.list
        background.steps = Array(said[(place + 1)...])
    }

    /// Results that do not say whose they are belong to the calls before them, in their order.
    private static func withCallIDs(_ messages: [ChatMessage]) -> [ChatMessage] {
        var open: [String] = []
        return messages.map { message in
            var message = message
            switch message.role {
            case .assistant: open = message.calls.map(\.id)
            case .tool:
                if let named = message.callID {
                    open.removeAll { $0 == named }
                } else if !open.isEmpty {
                    message.callID = open.removeFirst()
                }
            case .system, .user: break
            }
            return message
        }
    }

    /// A message in the forms that OpenAI knows: its content may be parts of text, and developers speak as the system.
    private static func message(_ json: JSON) throws(RowError) -> ChatMessage {
        guard json.object != nil else { throw RowError("it is no object") }
        var parts: String?
        if let list = json["content"]?.array {
            let texts = list.map { $0["type"] == "text" ? $0["text"]?.string : nil }
            guard !texts.contains(nil) else { throw RowError("only parts of the type 'text' are known") }
            parts = texts.compactMap { $0 }.joined()
        }
        return try ChatMessage(
            json: json.mapMembers { key, value in
                switch key {
                case "role": value == "developer" ? "system" : value
                case "content": parts.map(JSON.string) ?? value
                default: value
                }
            })
    }
}

/// Examples that a client shows as OpenAI does: a message named `example_user` and one named `example_assistant`.
private struct ShownExamples {
    private(set) var list: [RowBackground.Example] = []
    private var question: String?

    /// Whether each question has its answer.
    var areWhole: Bool { question == nil }

    /// - Returns: whether the message is part of an example.
    /// - Throws: where an answer has no question before it, or a question no answer behind it.
    mutating func take(_ message: ChatMessage, named name: String?) throws(RowError) -> Bool {
        switch (name, question) {
        case ("example_user", nil): question = message.content
        case ("example_assistant", let asked?):
            list.append(RowBackground.Example(query: asked, response: message.content))
            question = nil
        case ("example_user", _): throw RowError("the 'example_user' before it has no 'example_assistant'")
        case ("example_assistant", _): throw RowError("there is no 'example_user' before it")
        default: return false
        }
        return true
    }
}
