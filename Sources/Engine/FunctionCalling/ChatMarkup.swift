import CanonicalJSON
import ChatTemplates
import Words

/// A model's own chat template, with the variables from its tokenizer's configuration.
struct ChatMarkup: Sendable {
    var template: ChatTemplate
    var variables: [String: TemplateValue]
    /// What the template is told of today.
    var day: TemplateDay?
    /// Whether the model calls in a form of its own, so that an answer in Decant's form is told as calls.
    var callsAreMessages = false
    /// What the system's message says of a function, where the template shows none.
    var signature = SignatureForm.types

    /// The prompt of a row as a conversation: instructions are the system's message, functions are tools, examples and earlier
    /// messages are turns, knowledge and query are the user's last message, behind which calls and their results may stand.
    ///
    /// Text of the row and the functions never becomes a special token.
    func promptTokens(
        of row: Row, tools: [FunctionDefinition], with tokenizer: Tokenizer
    ) throws(RowError) -> [Int32] {
        let conversation = try conversation(of: row, tools: tools, with: tokenizer)
        let prompt = try text(of: conversation, asking: true, for: row)
        return tokenizer.encode(prompt, marked: conversation.mark).map(Int32.init)
    }

    /// What the template writes for an assistant's message behind a row's prompt: all that follows the start of the answer.
    func answerTokens(
        of answer: ChatMessage, to row: Row, tools: [FunctionDefinition], with tokenizer: Tokenizer
    ) throws(RowError) -> [Int32] {
        var conversation = try conversation(of: row, answered: answer, tools: tools, with: tokenizer)
        let whole = try text(of: conversation, asking: false, for: row)
        conversation.messages.removeLast()
        let prompt = try text(of: conversation, asking: true, for: row)
        guard whole.unicodeScalars.starts(with: prompt.unicodeScalars) else {
            throw RowError(
                "the answer to the row '\(row.id)' cannot be made: the chat template starts an assistant's message otherwise "
                    + "than it asks for one")
        }
        let rest = String(whole.unicodeScalars.dropFirst(prompt.unicodeScalars.count))
        return tokenizer.encode(rest, marked: conversation.mark, continues: true).map(Int32.init)
    }

    /// Messages and functions as the template reads them, their texts marked.
    private struct Conversation {
        var messages: [TemplateValue]
        var tools: TemplateValue
        var mark: Unicode.Scalar
    }

    private func conversation(
        of row: Row, answered answer: ChatMessage? = nil, tools: [FunctionDefinition], with tokenizer: Tokenizer
    ) throws(RowError) -> Conversation {
        let shown = tools.map(\.tool)
        let messages = turns(of: row, tools: tools) + (answer.map { [$0] } ?? [])
        let texts = [row.query] + row.background.texts + messages.flatMap(\.texts) + shown.map(\.writtenText)
        guard let mark = Unicode.Scalar.mark(absentFrom: texts) else {
            throw RowError("the row '\(row.id)' holds every character that could mark its text")
        }
        let given = { (json: JSON) in TemplateValue(json).mapStrings { tokenizer.marking($0, with: mark) } }
        return Conversation(
            messages: messages.map { message($0, given) },
            tools: tools.isEmpty ? TemplateValue.none : TemplateValue(elements: shown.map(given)), mark: mark)
    }

    /// - Parameter asking: whether the start of an answer comes last.
    private func text(of conversation: Conversation, asking: Bool, for row: Row) throws(RowError) -> String {
        var variables = variables
        variables["messages"] = TemplateValue(elements: conversation.messages)
        variables["tools"] = conversation.tools
        variables["add_generation_prompt"] = .bool(asking)
        do throws(TemplateError) {
            return try template.render(variables, day: day)
        } catch {
            throw RowError("the prompt of the row '\(row.id)' cannot be made: \(error)")
        }
    }

    /// The messages that the template is given. It accepts one system message, which comes first; some templates require
    /// alternating roles, so that words of one role in a row are one message.
    private func turns(of row: Row, tools: [FunctionDefinition]) -> [ChatMessage] {
        var system = row.background.instructions.isEmpty ? [] : [row.background.instructions]
        if !tools.isEmpty, !template.readsTools {
            system.append("Functions:\n" + PromptStyle.listing(of: tools, as: signature))
        }
        var turns = system.isEmpty ? [] : [ChatMessage(role: .system, content: system.joined(separator: "\n\n"))]
        for turn in row.conversation.map({ callsAreMessages ? $0.withWrittenCalls : $0 }) {
            if let last = turns.last, last.role == turn.role, turn.role != .tool, last.calls.isEmpty, turn.calls.isEmpty {
                turns[turns.count - 1].content += "\n\n" + turn.content
            } else {
                turns.append(turn)
            }
        }
        return turns
    }

    /// A message as the template reads it. One that reads no calls is told of them in the message's words.
    private func message(_ turn: ChatMessage, _ given: (JSON) -> TemplateValue) -> TemplateValue {
        let calls = template.readsCalls ? turn.calls : []
        var members = [
            ("role", TemplateValue(text: turn.role.rawValue)),
            ("content", given(.string(template.readsCalls ? turn.content : turn.text))),
        ]
        if !calls.isEmpty {
            members.append(
                (
                    "tool_calls",
                    TemplateValue(
                        elements: calls.map { call in
                            let function: [(String, TemplateValue)] = [
                                ("name", given(.string(call.name))), ("arguments", given(call.members)),
                            ]
                            return .mapping(
                                TemplateMapping([
                                    ("id", given(.string(call.id))), ("type", TemplateValue(text: "function")),
                                    ("function", .mapping(TemplateMapping(function))),
                                ]))
                        })
                ))
        }
        if let callID = turn.callID { members.append(("tool_call_id", given(.string(callID)))) }
        return .mapping(TemplateMapping(members))
    }
}

extension Unicode.Scalar {
    /// One of Unicode's noncharacters that the texts do not contain.
    static func mark(absentFrom texts: [String]) -> Unicode.Scalar? {
        (UInt32(0xFDD0)...0xFDEF).lazy.compactMap(Unicode.Scalar.init).first { mark in
            !texts.contains { $0.unicodeScalars.contains(mark) }
        }
    }
}
