import CanonicalJSON

/// What a prompt says besides its functions and its query. Each part may be empty, and most rows have none.
package struct RowBackground: Hashable, Sendable {
    /// A question with the response to it, shown before the row's own.
    package struct Example: Hashable, Sendable {
        package var query: String
        package var response: String

        package init(query: String, response: String) {
            self.query = query
            self.response = response
        }
    }

    /// Guidelines and rules of format.
    package var instructions: String
    package var examples: [Example]
    /// Snippets that were retrieved for the query, the nearest first.
    package var knowledge: [String]
    /// What was said before the query.
    package var context: [ChatMessage]

    package init(
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
