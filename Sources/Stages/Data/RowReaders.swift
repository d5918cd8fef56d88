import BuildModel
import CanonicalJSON
import Engine
import Words

/// Reads the files of one format of rows.
protocol RowReader {
    static func read(_ files: [IngestedFile], into rows: inout IngestedRows) throws
}

extension RowFormat {
    var reader: any RowReader.Type {
        switch self {
        case .decant: DecantRowReader.self
        case .openai: OpenAIRowReader.self
        case .snips: SNIPSReader.self
        case .xlam: XLAMReader.self
        case .bfcl: BFCLReader.self
        case .text: PassageReader.self
        }
    }
}

/// What a part of a record becomes.
enum ReadPart {
    /// A row and the functions that it shows.
    case row(Row, [FunctionDefinition])
    case skipped(SkipReason)
}

/// Reads a format whose records are rows, or several, that bring their functions.
protocol RecordReader: SingleRowReader {
    /// - Throws: what is wrong with the record; the file is refused, with the record's place.
    static func parts(of record: JSON) throws(RowError) -> [ReadPart]
}

extension RecordReader {
    static func read(_ files: [IngestedFile], into rows: inout IngestedRows) throws {
        for file in files {
            try file.forEachRow { record, place in
                for part in try parts(of: record) {
                    switch part {
                    case .row(let row, let functions): try rows.add(row, owning: functions, set: file.set, place: place)
                    case .skipped(let reason): rows.skip(reason, place: place)
                    }
                }
            }
        }
    }
}

/// Reads a format whose lines are rows that share functions.
protocol RowLineReader: SingleRowReader {
    static func row(_ json: JSON) throws(RowError) -> (Row, [FunctionDefinition])
}

extension RowLineReader {
    static func read(_ files: [IngestedFile], into rows: inout IngestedRows) throws {
        try rows.add(linesOf: files) { json throws(RowError) in try row(json) }
    }
}

/// Decant's own interchange rows: `{"id", "query", "tools": [{name, description, parameters}], "answers", "expect"}`.
enum DecantRowReader: RowLineReader {
    static func row(_ json: JSON) throws(RowError) -> (Row, [FunctionDefinition]) {
        guard let tools = json["tools"]?.array else { throw RowError("the row has no 'tools' list") }
        let functions = try tools.map(FunctionDefinition.init(json:))
        var row = try Row(json: json)
        guard !row.isPassage else {
            throw RowError("the row '\(row.id)' is a passage of text, which files of the format 'text' have")
        }
        row.functions = functions.map(\.name)
        let wantsCall = json["expect"]?.string != "no_call"
        guard wantsCall == !row.answers.isEmpty else {
            throw RowError(
                "the row '\(row.id)' expects \(wantsCall ? "calls" : "no call") but has \(row.answers.count) answers")
        }
        return (row, functions)
    }
}

/// OpenAI chat rows: `{"messages": [...], "tools": [{"type": "function", "function": {...}}]}`.
///
/// The query is the last user message before the first assistant message; the answers are that message's tool calls. System
/// messages are the row's instructions, user messages before the query its context. Messages named `example_user` and
/// `example_assistant` are examples, whatever their role.
enum OpenAIRowReader: RowLineReader {
    static func row(_ json: JSON) throws(RowError) -> (Row, [FunctionDefinition]) {
        guard let all = json["messages"]?.array else { throw RowError("the row has no 'messages' list") }
        let messages = all.filter { !isExample($0) }
        guard let answer = messages.firstIndex(where: { $0["role"]?.string == "assistant" }) else {
            throw RowError("the row has no assistant message")
        }
        guard let query = messages[..<answer].last(where: { $0["role"]?.string == "user" })?["content"]?.string else {
            throw RowError("the row has no user message with text before the assistant's")
        }
        let functions = try (json["tools"]?.array ?? []).map { tool throws(RowError) in
            guard let function = tool["function"] else { throw RowError("a tool has no 'function'") }
            return try FunctionDefinition(json: function)
        }
        let calls = try (messages[answer]["tool_calls"]?.array ?? []).map(call)
        // Chat rows have no ids: content names them.
        let id = json["id"]?.string ?? "openai-" + Digest(hashing: json.canonicalBytes).hex.prefix(16)
        var row = Row(id: id, query: query, functions: functions.map(\.name), answers: calls)
        func texts(of role: String) -> [String] {
            messages[..<answer].filter { $0["role"]?.string == role }.compactMap { $0["content"]?.string }
        }
        row.background.instructions = texts(of: "system").joined(separator: "\n\n")
        row.background.context = texts(of: "user").dropLast().map { ChatMessage(role: .user, content: $0) }
        row.background.examples = examples(all)
        return (row, functions)
    }

    private static func isExample(_ message: JSON) -> Bool {
        ["example_user", "example_assistant"].contains(message["name"]?.string)
    }

    /// Each question with the response behind it.
    private static func examples(_ messages: [JSON]) -> [RowBackground.Example] {
        var examples: [RowBackground.Example] = []
        var query: String?
        for message in messages where isExample(message) {
            let content = message["content"]?.string ?? ""
            if message["name"]?.string == "example_user" {
                query = content
            } else if let asked = query {
                examples.append(.init(query: asked, response: content))
                query = nil
            }
        }
        return examples
    }

    /// A tool call, whose arguments are JSON in a string.
    private static func call(_ json: JSON) throws(RowError) -> FunctionCall {
        guard let name = json["function"]?["name"]?.string else { throw RowError("a tool call has no function name") }
        let arguments = json["function"]?["arguments"]
        if let members = arguments?.object { return FunctionCall(name: name, arguments: members) }
        guard let text = arguments?.string, let value = try? JSON(parsing: text), let members = value.object else {
            throw RowError("the arguments of the call of '\(name)' are not a JSON object")
        }
        return FunctionCall(name: name, arguments: members)
    }
}
