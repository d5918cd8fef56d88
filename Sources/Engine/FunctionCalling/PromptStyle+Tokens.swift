import CanonicalJSON
import Words

/// How a row becomes tokens: what the prompt shows, and how a response is spelled.
///
/// `<|tools|>` one line for each function `<|user|>` query `<|assistant|>` response `<|end|>`; only the style `tools` has the
/// first part. A row's background comes before the query, as plain text with headings.
extension PromptStyle {
    /// The tokens of a row's prompt, through `<|assistant|>`.
    ///
    /// - Parameters:
    ///   - functions: definitions by name; it must have those that the row lists.
    ///   - signature: what a line says of its function.
    package func promptTokens(
        of row: Row, functions: [String: FunctionDefinition], as signature: SignatureForm = .types, with tokenizer: Tokenizer
    ) throws(RowError) -> [Int32] {
        var tokens: [Int32] = []
        if self == .tools {
            tokens.append(try Self.id(of: .tools, in: tokenizer))
            let listing = Self.listing(of: try Self.definitions(of: row, functions), as: signature)
            tokens += tokenizer.encodePlainText(listing).map(Int32.init)
        }
        tokens.append(try Self.id(of: .user, in: tokenizer))
        tokens += tokenizer.encodePlainText(row.plainPrompt).map(Int32.init)
        tokens.append(try Self.id(of: .assistant, in: tokenizer))
        return tokens
    }

    /// The tokens of a response, `<|end|>` included.
    package func responseTokens(of response: String, with tokenizer: Tokenizer) throws(RowError) -> [Int32] {
        tokenizer.encodePlainText(response).map(Int32.init) + [try Self.id(of: .end, in: tokenizer)]
    }

    /// The right response to a row: `[{"name":"set_light","arguments":{"room":"kitchen"}}]`, `[]` where no call is wanted.
    package static func response(to row: Row) -> String { response(of: row.answers) }

    /// Calls as a response spells them.
    package static func response(of calls: [FunctionCall]) -> String {
        let calls = calls.map { call in
            "{\"name\":\(JSON.string(call.name).canonicalText),\"arguments\":\(JSON.object(call.arguments).canonicalText)}"
        }
        return "[" + calls.joined(separator: ",") + "]"
    }

    /// One line for each function: `set_light(room:string, state:string)`.
    package static func listing(of functions: [FunctionDefinition], as form: SignatureForm = .types) -> String {
        functions.map { FunctionSignature($0, as: form).text }.joined(separator: "\n")
    }

    /// The definitions of the functions that a row lists, in order.
    package static func definitions(
        of row: Row, _ functions: [String: FunctionDefinition]
    ) throws(RowError) -> [FunctionDefinition] {
        var definitions: [FunctionDefinition] = []
        for name in row.functions {
            guard let function = row.definition(of: name, in: functions) else {
                throw RowError("the row '\(row.id)' lists the function '\(name)', which has no definition")
            }
            definitions.append(function)
        }
        return definitions
    }

    private static func id(of token: SpecialToken, in tokenizer: Tokenizer) throws(RowError) -> Int32 {
        guard let id = tokenizer.id(of: token) else {
            throw RowError("the tokenizer has no token \(token.rawValue), which prompts need")
        }
        return Int32(id)
    }
}

extension Row {
    /// The user's last message: knowledge, where there is any, and then the query.
    private var question: String {
        if background.knowledge.isEmpty { return query }
        return "Knowledge:\n" + background.knowledge.map { "- \($0)\n" }.joined() + "\n" + query
    }

    /// The turns of the conversation: examples, earlier messages, the question, and what has been done for it.
    var conversation: [ChatMessage] {
        let examples = background.examples.flatMap {
            [ChatMessage(role: .user, content: $0.query), ChatMessage(role: .assistant, content: $0.response)]
        }
        return examples + background.context + [ChatMessage(role: .user, content: question)] + background.steps
    }

    /// The prompt without functions as a conversation: instructions as the system's message, then the turns.
    package var chat: [ChatMessage] {
        let instructions = background.instructions
        return (instructions.isEmpty ? [] : [ChatMessage(role: .system, content: instructions)]) + conversation
    }

    /// The prompt without functions as one text, with an empty line between its parts:
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
    ///
    /// Assistant: [{"name":"lights","arguments":{"room":"hall"}}]
    ///
    /// Result: ["left", "right"]
    /// ```
    package var plainPrompt: String {
        let instructions = background.instructions.isEmpty ? [] : [background.instructions]
        let examples = background.examples.map { "Example:\n\($0.query)\n\($0.response)" }
        let said = background.context.map(\.plainText)
        let context = said.isEmpty ? [] : ["Context:\n" + said.joined(separator: "\n\n")]
        return (instructions + examples + context + [question] + background.steps.map(\.plainText)).joined(separator: "\n\n")
    }
}

extension ChatMessage {
    /// The message with a word for who says it; what a user says has none.
    fileprivate var plainText: String {
        switch role {
        case .assistant: "Assistant: " + text
        case .tool: "Result: " + text
        case .system, .user: text
        }
    }
}
