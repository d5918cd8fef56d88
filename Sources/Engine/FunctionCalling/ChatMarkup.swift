/// A model's own chat template with the variables that its tokenizer's configuration gives it.
struct ChatMarkup: Sendable {
    var template: ChatTemplate
    var variables: [String: TemplateValue]

    /// The prompt of a row as a conversation: the functions as tools, what was said before, the query as the user's message.
    ///
    /// What the row and the functions spell never becomes a special token.
    func promptTokens(
        of row: Row, tools: [FunctionDefinition], with tokenizer: Tokenizer
    ) throws(RowError) -> [Int32] {
        var conversation = row.context + [ChatMessage(role: .user, content: row.query)]
        if !tools.isEmpty, !template.readsTools {
            let listing = "Functions:\n" + PromptFormat.listing(of: tools)
            // Templates take one system message, the first.
            if conversation[0].role == .system {
                conversation[0].content += "\n\n" + listing
            } else {
                conversation.insert(ChatMessage(role: .system, content: listing), at: 0)
            }
        }
        guard let mark = Self.mark(absentFrom: conversation.map(\.content) + tools.map(\.json.canonicalText)) else {
            throw RowError("the row '\(row.id)' holds every character that could mark its text")
        }
        let messages = conversation.map { Self.message($0.role.rawValue, tokenizer.marking($0.content, with: mark)) }
        var variables = variables
        variables["messages"] = .list(messages)
        variables["tools"] =
            tools.isEmpty ? TemplateValue.none : .list(tools.map { $0.tool.mapStrings { tokenizer.marking($0, with: mark) } })
        variables["add_generation_prompt"] = .bool(true)
        do throws(TemplateError) {
            return tokenizer.encode(try template.render(variables), marked: mark).map(Int32.init)
        } catch {
            throw RowError("the prompt of the row '\(row.id)' cannot be made: \(error)")
        }
    }

    private static func message(_ role: String, _ content: String) -> TemplateValue {
        .mapping(TemplateMapping([("role", .string(role)), ("content", .string(content))]))
    }

    /// One of Unicode's noncharacters, which texts do not hold.
    private static func mark(absentFrom texts: [String]) -> Unicode.Scalar? {
        (UInt32(0xFDD0)...0xFDEF).lazy.compactMap(Unicode.Scalar.init).first { mark in
            !texts.contains { $0.unicodeScalars.contains(mark) }
        }
    }
}

extension TemplateValue {
    /// The value with every string in it changed, keys too.
    func mapStrings(_ change: (String) -> String) -> TemplateValue {
        switch self {
        case .string(let text): .string(change(text))
        case .list(let elements): .list(elements.map { $0.mapStrings(change) })
        case .mapping(let mapping):
            .mapping(TemplateMapping(mapping.members.map { (change($0.key), $0.value.mapStrings(change)) }))
        default: self
        }
    }
}
