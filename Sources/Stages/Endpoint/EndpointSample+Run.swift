import BuildModel
import CanonicalJSON
import Engine
import Foundation
import Kinds
import Words

extension EndpointSample: QuestioningStage {
    package static let artifact: [Output] = [.file(Rollout.file), .file(StageContext.exchanges)]

    package func run(in context: StageContext) throws {
        let rows = try context.answeredRows(self.rows)
        let readsCalls = try context.readTaskDescription().kind == .calls
        let exchanges = try context.answers(to: questions(in: context))
        try context.write(
            exchanges.enumerated().map { index, exchange in
                let answer = ChatAnswer(exchange.answer, readsCalls: readsCalls)
                return Rollout(
                    row: rows[index / samples].id, sample: index % samples, response: answer.response,
                    hasEnded: answer.isWhole)
            }, to: Rollout.file)
        try context.write(exchanges: exchanges)
    }

    /// For every row its samples, one after the other.
    package func questions(in context: StageContext) throws -> [ChatQuestion] {
        let task = try context.readTask()
        var tools: [Set<String>: ChatTools] = [:]
        var questions: [ChatQuestion] = []
        for row in try context.answeredRows(rows) {
            try row.checkThatItAsks()
            let shared = row.definitions == nil ? tools[Set(row.functions)] : nil
            let known = try shared ?? Self.tools(of: row, task.functions)
            if row.definitions == nil { tools[Set(row.functions)] = known }
            for sample in 0..<samples {
                questions.append(
                    ChatQuestion(
                        model: endpoint.model, messages: .array(task.shown(row, in: .tools).chat.map(\.json)), tools: known,
                        temperature: temperature, maxTokens: maxTokens, seed: seed(for: row, sample: sample)))
            }
        }
        return questions
    }

    /// The functions that the row lists, all of them where it lists none, sorted by name: prompts then share long beginnings,
    /// which servers with a prompt cache answer faster and cheaper.
    private static func tools(of row: Row, _ functions: [String: FunctionDefinition]) throws(RowError) -> ChatTools {
        let listsAll = row.functions.isEmpty && row.definitions == nil
        let listed = listsAll ? Array(functions.values) : try PromptStyle.definitions(of: row, functions)
        return ChatTools(listed.sorted { $0.name < $1.name }.map(\.chatTool))
    }

    /// Depends on the query alone, not on its row's place or id, so that recorded answers stay valid. 31 bits, which every
    /// server accepts.
    private func seed(for row: Row, sample: Int) -> Int {
        let bytes = Digest(hashing: "endpoint.sample/\(seed)/\(sample)/\(row.query)").bytes
        return bytes.prefix(4).reduce(0) { $0 << 8 | Int($1) } & 0x7FFF_FFFF
    }
}

/// A server's answer, with calls in Decant's spelling.
struct ChatAnswer: Hashable {
    /// A list of calls; the unchanged text where it calls nothing. An answer in words has no reasoning before it and no fence
    /// around it.
    var response: String
    /// Whether it ended by itself.
    var isWhole: Bool

    /// Reads the first choice of a chat completion.
    init(_ answer: JSON, readsCalls: Bool = true) {
        let choice = answer["choices"]?[0]
        isWhole = !["length", "content_filter"].contains(choice?["finish_reason"]?.string ?? "")
        let message = choice?["message"] ?? .null
        var calls = message["tool_calls"]?.array ?? []
        // The interface's older form has one.
        if calls.isEmpty, let call = message["function_call"], call != .null { calls = [["function": call]] }
        let text = message["content"]?.string ?? ""
        guard readsCalls else {
            response = String(Self.withoutReasoning(text)).withoutFence().trimmed
            return
        }
        response = calls.isEmpty ? Self.response(in: text) : Self.response(of: calls)
    }

    /// Arguments come as a text that should be JSON. A text that is not JSON stays unchanged, and the judge decides.
    private static func response(of calls: [JSON]) -> String {
        let spelled = calls.map { call -> String in
            let function = call["function"] ?? .null
            let name = (function["name"] ?? .string("")).canonicalText
            let arguments = function["arguments"] ?? .string("")
            let text = arguments.string.map { $0.isEmpty ? "{}" : $0 } ?? arguments.canonicalText
            let canonical = (try? JSON(parsingAsWritten: text.utf8, maximumDepth: 64))?.canonical.canonicalText ?? text
            return #"{"name":\#(name),"arguments":\#(canonical)}"#
        }
        return "[" + spelled.joined(separator: ",") + "]"
    }

    /// Models without an interface for calls write them into their text: as JSON, fenced or not, or between the marks of the
    /// Hermes format. Reasoning before them does not count.
    private static func response(in text: String) -> String {
        let body = withoutReasoning(text)
        let marked = String(body).parts(from: "<tool_call>", to: "</tool_call>")
        let pieces = marked.isEmpty ? [String(body).withoutFence()] : marked
        var calls: [FunctionCall] = []
        for piece in pieces {
            guard let json = try? JSON(parsing: piece, maximumDepth: 64), let found = Self.calls(in: json) else { return text }
            calls += found
        }
        return PromptStyle.response(of: calls)
    }

    private static func withoutReasoning(_ text: String) -> Substring {
        text.firstRange(of: "</think>").map { text[$0.upperBound...] } ?? text[...]
    }

    /// Calls that a JSON value spells; `nil` where it is something else.
    private static func calls(in json: JSON) -> [FunctionCall]? {
        let entries = json.array ?? json["tool_calls"]?.array ?? [json]
        var calls: [FunctionCall] = []
        for entry in entries {
            let call = entry["function"]?.object != nil ? entry["function"] : entry
            guard let name = call?["name"]?.string, !name.isEmpty, let given = call?["arguments"] ?? call?["parameters"],
                let arguments = given.object ?? given.string.flatMap({ try? JSON(parsing: $0, maximumDepth: 64) })?.object
            else { return nil }
            calls.append(FunctionCall(name: name, arguments: arguments))
        }
        return calls
    }
}
