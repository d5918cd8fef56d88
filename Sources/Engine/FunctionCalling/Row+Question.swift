extension Row {
    /// The user's last words in a prompt: knowledge, where there is any, and then the query.
    private var question: String {
        if background.knowledge.isEmpty { return query }
        return "Knowledge:\n" + background.knowledge.map { "- \($0)\n" }.joined() + "\n" + query
    }

    /// Examples, what was said before, and the question, as turns.
    var conversation: [ChatMessage] {
        let examples = background.examples.flatMap {
            [ChatMessage(role: .user, content: $0.query), ChatMessage(role: .assistant, content: $0.response)]
        }
        return examples + background.context + [ChatMessage(role: .user, content: question)]
    }

    /// All of a prompt but its functions as a conversation: instructions as the system's message, and the turns.
    package var chat: [ChatMessage] {
        let instructions = background.instructions
        return (instructions.isEmpty ? [] : [ChatMessage(role: .system, content: instructions)]) + conversation
    }

    /// All of a prompt but its functions as one text, its parts an empty line apart:
    ///
    /// ```
    /// Answer with calls.
    ///
    /// Example:
    /// lights on
    /// [{"name":"set_light","arguments":{"state":"on"}}]
    ///
    /// Context:
    /// I am in the hall.
    ///
    /// Knowledge:
    /// - The hall has two lamps.
    ///
    /// turn them off
    /// ```
    var plainPrompt: String {
        let instructions = background.instructions.isEmpty ? [] : [background.instructions]
        let examples = background.examples.map { "Example:\n\($0.query)\n\($0.response)" }
        let said = background.context.map { ($0.role == .assistant ? "Assistant: " : "") + $0.content }
        let context = said.isEmpty ? [] : ["Context:\n" + said.joined(separator: "\n\n")]
        return (instructions + examples + context + [question]).joined(separator: "\n\n")
    }
}
