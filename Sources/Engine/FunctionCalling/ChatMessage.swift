import CanonicalJSON
import Words

/// One message of a conversation.
package struct ChatMessage: Hashable, Sendable {
    package enum Role: String, Hashable, Sendable {
        case system
        case user
        case assistant
        /// The result of a call.
        case tool
    }

    package var role: Role
    package var content: String
    /// What an assistant's message calls.
    package var calls: [ChatCall] = []
    /// The id of the call whose result a tool's message is; `nil` where it does not say.
    package var callID: String?

    package init(role: Role, content: String, calls: [ChatCall] = [], callID: String? = nil) {
        (self.role, self.content, self.calls, self.callID) = (role, content, calls, callID)
    }

    /// The message as plain text: its words, and then its calls as a response spells them.
    package var text: String {
        if calls.isEmpty { return content }
        let spelled = PromptStyle.response(of: calls.map(\.call))
        return content.isEmpty ? spelled : content + "\n" + spelled
    }

    /// All texts of the message.
    var texts: [String] { [content] + calls.flatMap { [$0.id, $0.name, $0.arguments] } }

    /// An assistant's answer with these calls.
    ///
    /// - Parameters:
    ///   - words: what it says where it calls nothing.
    ///   - functions: give the order of the arguments.
    init(calling calls: [FunctionCall], else words: String, functions: [FunctionDefinition]) {
        self.init(
            role: .assistant, content: calls.isEmpty ? words : "",
            calls: calls.enumerated().map { number, call in
                let shown = functions.first { $0.name == call.name }?.shownArguments ?? []
                let rest = call.arguments.keys.filter { !shown.contains($0) }.sorted()
                let members = (shown + rest).compactMap { name in call.arguments[name].map { (name, $0) } }
                // Some templates accept no id but nine letters and digits.
                let id = "call" + String(100_000 + number).dropFirst()
                return ChatCall(id: id, name: call.name, arguments: .object(inOrder: members))
            })
    }

    /// The message with the calls that its words spell in Decant's form.
    var withWrittenCalls: ChatMessage {
        guard role == .assistant, calls.isEmpty, case .success(let written) = CallParser.calls(in: content) else { return self }
        return ChatMessage(calling: written, else: "", functions: [])
    }
}

/// A call in a conversation, with its arguments as they were written.
package struct ChatCall: Hashable, Sendable {
    package let id: String
    package let name: String
    /// The JSON text of the arguments, an object.
    package let arguments: String
    /// The arguments with the order of their members.
    package let members: JSON

    /// - Parameter arguments: an object.
    package init(id: String, name: String, arguments: JSON) {
        (self.id, self.name, self.arguments, members) = (id, name, arguments.writtenText, arguments)
    }

    package var call: FunctionCall { FunctionCall(name: name, arguments: members.object ?? [:]) }
}

/// Messages as the chat completions interface has them.
extension ChatMessage {
    /// Reads `{"role", "content"}`, an assistant's `tool_calls` and a tool's `tool_call_id`.
    package init(json: JSON) throws(RowError) {
        let calls = json["tool_calls"]?.array ?? []
        guard let word = json["role"]?.string, let content = json["content"]?.string ?? (calls.isEmpty ? nil : "") else {
            throw RowError("a message has no 'role' and 'content'")
        }
        guard let role = Role(rawValue: word) else {
            throw RowError("a message has the role '\(word)'; 'system', 'user', 'assistant' and 'tool' are known")
        }
        self.init(
            role: role, content: content, calls: try calls.map(ChatCall.init(json:)), callID: json["tool_call_id"]?.string)
    }

    package var json: JSON {
        var members: [String: JSON] = ["role": .string(role.rawValue), "content": .string(content)]
        if !calls.isEmpty { members["tool_calls"] = .array(calls.map(\.json)) }
        if let callID { members["tool_call_id"] = .string(callID) }
        return .object(members)
    }
}

extension ChatCall {
    /// Reads `{"id", "type": "function", "function": {"name", "arguments"}}`, whose arguments are a text.
    init(json: JSON) throws(RowError) {
        guard let id = json["id"]?.string, let name = json["function"]?["name"]?.string,
            let text = json["function"]?["arguments"]?.string, let arguments = try? JSON(parsingAsWritten: text.utf8),
            arguments.object != nil
        else { throw RowError("a call of a message has no 'id', or no 'function' with 'name' and 'arguments'") }
        self.init(id: id, name: name, arguments: arguments)
    }

    var json: JSON {
        [
            "id": .string(id), "type": "function",
            "function": ["name": .string(name), "arguments": .string(arguments)],
        ]
    }
}
