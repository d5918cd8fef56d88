import CanonicalJSON
import ChatTemplates
import Words

/// A model's own chat template, with the variables from its tokenizer's configuration.
struct ChatMarkup: Sendable {
    var template: ChatTemplate
    var variables: [String: TemplateValue]

    /// The prompt of a row as a conversation: instructions are the system's message, functions are tools, examples and earlier
    /// messages are turns, knowledge and query are the user's last message.
    ///
    /// Text of the row and the functions never becomes a special token.
    func promptTokens(
        of row: Row, tools: [FunctionDefinition], with tokenizer: Tokenizer
    ) throws(RowError) -> [Int32] {
        guard let mark = Self.mark(absentFrom: [row.query] + row.background.texts + tools.map(\.json.canonicalText)) else {
            throw RowError("the row '\(row.id)' holds every character that could mark its text")
        }
        var system = row.background.instructions.isEmpty ? [] : [row.background.instructions]
        if !tools.isEmpty, !template.readsTools { system.append("Functions:\n" + PromptStyle.listing(of: tools)) }
        // Templates accept one system message, which comes first.
        var turns = system.isEmpty ? [] : [ChatMessage(role: .system, content: system.joined(separator: "\n\n"))]
        for turn in row.conversation {
            if let last = turns.last, last.role == turn.role {
                // Some templates require alternating roles.
                turns[turns.count - 1].content += "\n\n" + turn.content
            } else {
                turns.append(turn)
            }
        }
        let messages = turns.map { Self.message($0.role.rawValue, tokenizer.marking($0.content, with: mark)) }
        var variables = variables
        variables["messages"] = TemplateValue(elements: messages)
        variables["tools"] =
            tools.isEmpty
            ? TemplateValue.none
            : TemplateValue(elements: tools.map { $0.tool.mapStrings { tokenizer.marking($0, with: mark) } })
        variables["add_generation_prompt"] = .bool(true)
        do throws(TemplateError) {
            return tokenizer.encode(try template.render(variables), marked: mark).map(Int32.init)
        } catch {
            throw RowError("the prompt of the row '\(row.id)' cannot be made: \(error)")
        }
    }

    private static func message(_ role: String, _ content: String) -> TemplateValue {
        .mapping(TemplateMapping([("role", TemplateValue(text: role)), ("content", TemplateValue(text: content))]))
    }

    /// One of Unicode's noncharacters that the texts do not contain.
    private static func mark(absentFrom texts: [String]) -> Unicode.Scalar? {
        (UInt32(0xFDD0)...0xFDEF).lazy.compactMap(Unicode.Scalar.init).first { mark in
            !texts.contains { $0.unicodeScalars.contains(mark) }
        }
    }
}

extension FunctionDefinition {
    /// The function in the form of the chat completions interface.
    package var chatTool: JSON { ["type": "function", "function": json] }

    /// The function in the form of chat templates: `{"type": "function", "function": {"name", "description", "parameters"}}`.
    var tool: TemplateValue {
        let members: [(String, TemplateValue)] = [
            ("name", TemplateValue(text: name)), ("description", TemplateValue(text: summary)),
            ("parameters", Self.schema(parameters)),
        ]
        return .mapping(
            TemplateMapping([("type", TemplateValue(text: "function")), ("function", .mapping(TemplateMapping(members)))]))
    }

    /// A schema with its members in the usual order, which models saw in training; other members come last.
    private static func schema(_ json: JSON) -> TemplateValue {
        guard let members = json.object else { return TemplateValue(json) }
        let first = ["type", "description", "enum", "items", "properties", "required"]
        let keys = first.filter { members[$0] != nil } + json.sortedMembers.map(\.key).filter { !first.contains($0) }
        return .mapping(
            TemplateMapping(
                keys.map { key in
                    let value = members[key] ?? .null
                    guard key == "properties" else { return (key, schema(value)) }
                    return (key, .mapping(TemplateMapping(value.sortedMembers.map { ($0.key, schema($0.value)) })))
                }))
    }
}
