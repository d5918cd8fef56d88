import CanonicalJSON
import ChatTemplates
import Words

/// A model's own chat template, with the variables from its tokenizer's configuration.
struct ChatMarkup: Sendable {
    var template: ChatTemplate
    var variables: [String: TemplateValue]
    /// What the template is told of today.
    var day: TemplateDay?

    /// The prompt of a row as a conversation: instructions are the system's message, functions are tools, examples and earlier
    /// messages are turns, knowledge and query are the user's last message, behind which calls and their results may stand.
    ///
    /// Text of the row and the functions never becomes a special token.
    func promptTokens(
        of row: Row, tools: [FunctionDefinition], with tokenizer: Tokenizer
    ) throws(RowError) -> [Int32] {
        let shown = tools.map(\.tool)
        guard let mark = Self.mark(absentFrom: [row.query] + row.background.texts + shown.map(\.writtenText)) else {
            throw RowError("the row '\(row.id)' holds every character that could mark its text")
        }
        let given = { (json: JSON) in TemplateValue(json).mapStrings { tokenizer.marking($0, with: mark) } }
        var variables = variables
        variables["messages"] = TemplateValue(elements: turns(of: row, tools: tools).map { message($0, given) })
        variables["tools"] = tools.isEmpty ? TemplateValue.none : TemplateValue(elements: shown.map(given))
        variables["add_generation_prompt"] = .bool(true)
        do throws(TemplateError) {
            return tokenizer.encode(try template.render(variables, day: day), marked: mark).map(Int32.init)
        } catch {
            throw RowError("the prompt of the row '\(row.id)' cannot be made: \(error)")
        }
    }

    /// The messages that the template is given. It accepts one system message, which comes first; some templates require
    /// alternating roles, so that words of one role in a row are one message.
    private func turns(of row: Row, tools: [FunctionDefinition]) -> [ChatMessage] {
        var system = row.background.instructions.isEmpty ? [] : [row.background.instructions]
        if !tools.isEmpty, !template.readsTools { system.append("Functions:\n" + PromptStyle.listing(of: tools)) }
        var turns = system.isEmpty ? [] : [ChatMessage(role: .system, content: system.joined(separator: "\n\n"))]
        for turn in row.conversation {
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

    /// One of Unicode's noncharacters that the texts do not contain.
    private static func mark(absentFrom texts: [String]) -> Unicode.Scalar? {
        (UInt32(0xFDD0)...0xFDEF).lazy.compactMap(Unicode.Scalar.init).first { mark in
            !texts.contains { $0.unicodeScalars.contains(mark) }
        }
    }
}
