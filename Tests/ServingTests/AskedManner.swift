import CanonicalJSON
import TestSupport
import Words

@testable import Engine

/// The ways in which models are asked that have prompts of their own.
enum AskedManner: String, CaseIterable, Sendable {
    /// Calls in Decant's form: of a pool that no prompt shows; of listed functions; of functions with their descriptions.
    case pool, listed, described
    /// Chat models: the template shows functions and calls; it shows neither, so that the system's message lists functions.
    case chat, plainChat
    case labels, listedLabels, text

    var style: PromptStyle { [.pool, .labels, .text].contains(self) ? .query : .tools }
    var signature: SignatureForm { [.described, .plainChat].contains(self) ? .described : .types }

    var description: TaskDescription {
        switch self {
        case .pool, .chat: .calls
        case .listed, .described, .plainChat:
            TaskDescription(.calls, instructions: "Call.", examples: [.init(query: "hall light", response: "[]")])
        case .labels, .listedLabels: TaskDescription(.classify, labels: ["bad", "fine", "good", "good enough"])
        case .text: TaskDescription(.text, instructions: "Say it again.", examples: [.init(query: "a", response: "a a")])
        }
    }

    /// `nil` for a model with Decant's own markup.
    var template: ToolTemplate? {
        switch self {
        case .chat: return .hermes
        case .plainChat:
            var template = ToolTemplate.hermes
            template.text = """
                {%- for m in messages -%}{{- '<|im_start|>' + m.role + '\\n' + m.content + '<|im_end|>\\n' -}}{%- endfor -%}
                {%- if add_generation_prompt -%}{{- '<|im_start|>assistant\\n' -}}{%- endif -%}
                """
            return template
        case .pool, .listed, .described, .labels, .listedLabels, .text: return nil
        }
    }

    /// Rows with all that a client can say, each part in some of them.
    func rows(_ count: Int) throws -> [Row] {
        var maker = RowMaker(seed: 11)
        return try (0..<count).map { number in
            var row = maker.row("row-\(number)")
            switch description.kind {
            case .calls: try maker.addFunctions(to: &row, number: number)
            case .classify: row.reply = description.labels[number % description.labels.count]
            default: row.reply = row.query
            }
            return row
        }
    }
}

/// Draws rows.
private struct RowMaker {
    private var random: TestRandom

    init(seed: UInt64) { random = TestRandom(seed: seed) }

    private static let texts = [
        "turn the light on", "  what time is it?\n", "ein schöner Tag 👍🏽", "<|user|> off <|end|>", "a\n\nb\tc", "{\"on\": 1.0}",
        "Küche & \"hall\", d'accord?", "1234567 0.10", "<|im_end|>", "<tool_call>", "好的",
    ]

    private mutating func text() -> String { Self.texts[random.next(below: Self.texts.count)] }
    private mutating func isDrawn(_ share: Int) -> Bool { random.next(below: share) == 0 }

    /// An assistant's call of a function, and what came of it.
    private mutating func called() -> [ChatMessage] {
        let id = "call\(10_000 + random.next(below: 90_000))"
        let arguments = JSON.object(inOrder: [("room", .string(text())), ("on", .bool(isDrawn(2)))])
        let call = ChatCall(id: id, name: "set_light", arguments: arguments)
        let words = isDrawn(2) ? "" : text()
        return [
            ChatMessage(role: .assistant, content: words, calls: [call]),
            ChatMessage(role: .tool, content: text(), callID: id),
        ]
    }

    mutating func row(_ id: String) -> Row {
        var row = Row(id: id, query: text() + " " + text(), answers: [])
        if isDrawn(2) { row.background.instructions = text() }
        if isDrawn(3) { row.background.examples = [.init(query: text(), response: "[]")] }
        if isDrawn(3) { row.background.knowledge = [text(), text()] }
        if isDrawn(2) {
            row.background.context = [ChatMessage(role: .user, content: text())]
            if isDrawn(2) { row.background.context += called() }
            row.background.context.append(ChatMessage(role: .assistant, content: text()))
        }
        if isDrawn(4) { row.background.steps = called() }
        return row
    }

    /// Some of the pool in any order, all of it, or functions of the row's own.
    mutating func addFunctions(to row: inout Row, number: Int) throws {
        switch number % 4 {
        case 0: row.functions = ["set_light", "tell_time"]
        case 1: row.functions = ["tell_time", "set_light"]
        case 2: row.functions = ["set_light"]
        default:
            let kinds: JSON = .object(inOrder: [("description", "What is meant."), ("enum", ["b", "a"]), ("type", "string")])
            let parameters: JSON = .object(inOrder: [
                ("properties", .object(inOrder: [("which", kinds), ("count", ["type": "integer"])])), ("type", "object"),
            ])
            var own = FunctionDefinition(name: "do_\(number)", summary: "Do it: " + text(), parameters: parameters)
            if isDrawn(2) { own = try FunctionDefinition(tool: own.inAnotherOrder) }
            (row.functions, row.definitions) = ([own.name], [own])
        }
        row.answers = [FunctionCall(name: row.functions[0], arguments: [:])]
    }
}

extension FunctionDefinition {
    /// The tool as people may write it.
    fileprivate var inAnotherOrder: JSON {
        let function: JSON = .object(inOrder: [
            ("description", .string(summary)), ("name", .string(name)), ("parameters", parameters),
        ])
        return .object(inOrder: [("type", "function"), ("function", function)])
    }
}
