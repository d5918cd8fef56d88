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

/// What stands before an answer, in the parts of a row: system messages are instructions, the user's last message is the query,
/// and calls and their results may follow it.
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
        for (number, message) in list.enumerated() {
            do throws(RowError) {
                messages.append(try Self.message(message))
            } catch {
                throw APIError.invalid("message \(number + 1): \(error)", field: "messages")
            }
        }
        let said = messages.filter { $0.role != .system }
        guard let place = said.lastIndex(where: { $0.role == .user }) else {
            throw APIError.invalid("'messages' has no message of the user's", field: "messages")
        }
        if said.last?.role == .assistant {
            throw APIError.invalid(
                "'messages' must end with a message of the user's or with a call's result", field: "messages")
        }
        query = said[place].content
        background = RowBackground(
            instructions: messages.filter { $0.role == .system }.map(\.content).joined(separator: "\n\n"),
            context: Array(said[..<place]))
        background.steps = Array(said[(place + 1)...])
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
