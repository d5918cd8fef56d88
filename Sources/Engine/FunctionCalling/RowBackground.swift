import CanonicalJSON

/// What a prompt says besides its functions and its query. Each part may be empty, and most rows have none.
public struct RowBackground: Hashable, Sendable {
    /// A question with the response to it, shown before the row's own.
    public struct Example: Hashable, Sendable {
        public var query: String
        public var response: String

        public init(query: String, response: String) {
            self.query = query
            self.response = response
        }
    }

    /// Guidelines and rules of format.
    public var instructions: String
    public var examples: [Example]
    /// Snippets that were retrieved for the query, the nearest first.
    public var knowledge: [String]
    /// What was said before the query.
    public var context: [ChatMessage]

    public init(
        instructions: String = "", examples: [Example] = [], knowledge: [String] = [], context: [ChatMessage] = []
    ) {
        self.instructions = instructions
        self.examples = examples
        self.knowledge = knowledge
        self.context = context
    }

    /// The members of a row that are its background; what is not there is empty.
    init(json: JSON) throws(RowError) {
        var context: [ChatMessage] = []
        for message in json["context"]?.array ?? [] { context.append(try ChatMessage(json: message)) }
        self.init(
            instructions: json["instructions"]?.string ?? "",
            examples: (json["examples"]?.array ?? []).map {
                Example(query: $0["query"]?.string ?? "", response: $0["response"]?.string ?? "")
            }, knowledge: (json["knowledge"]?.array ?? []).compactMap(\.string), context: context)
    }

    /// Those of a row's members that are not empty.
    var members: [String: JSON] {
        var members: [String: JSON] = [:]
        if !instructions.isEmpty { members["instructions"] = .string(instructions) }
        if !examples.isEmpty {
            members["examples"] = .array(examples.map { ["query": .string($0.query), "response": .string($0.response)] })
        }
        if !knowledge.isEmpty { members["knowledge"] = .array(knowledge.map(JSON.string)) }
        if !context.isEmpty { members["context"] = .array(context.map(\.json)) }
        return members
    }

    /// Every text in it.
    var texts: [String] { [instructions] + examples.flatMap { [$0.query, $0.response] } + context.map(\.content) + knowledge }
}
<<<<<<< HEAD

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
=======
>>>>>>> retrieval
