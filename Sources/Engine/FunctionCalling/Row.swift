import CanonicalJSON

/// One question with the calls that answer it, or a passage of text.
package struct Row: Hashable, Sendable {
    /// Why no training row may look like this one.
    package enum HeldOut: String, Hashable, Sendable {
        case template
        case value
    }

    /// Unique among the rows of its data.
    package var id: String
    package var query: String
    /// Names of the functions that the prompt lists; empty where the pool is fixed and known by heart.
    package var functions: [String]
    /// Definitions of its own, which go before the pool's of the same names; `nil` where the pool's are meant. A row that has
    /// this list, even an empty one, lists no more than `functions` names.
    package var definitions: [FunctionDefinition]?
    /// In any order; empty where no function is wanted.
    package var answers: [FunctionCall]
    /// All that is right besides, call by call; `nil` where only `answers` is.
    package var possible: [PossibleCall]?
    /// The template that made it: `set_light/3`.
    package var template: String?
    package var heldOut: HeldOut?
    /// The set that its file was named under.
    package var set: String?
    /// What the prompt says besides.
    package var background = RowBackground()
    /// Whether `query` is a text to be continued: it asks nothing, lists no functions and has no answers.
    package var isPassage = false

    package init(
        id: String, query: String, functions: [String] = [],
        definitions: [FunctionDefinition]? = nil, answers: [FunctionCall], possible: [PossibleCall]? = nil,
        template: String? = nil, heldOut: HeldOut? = nil, set: String? = nil
    ) {
        self.id = id
        self.query = query
        self.functions = functions
        self.definitions = definitions
        self.answers = answers
        self.possible = possible
        self.template = template
        self.heldOut = heldOut
        self.set = set
    }

    /// A passage of text.
    package init(passage text: String, id: String) {
        self.init(id: id, query: text, answers: [])
        isPassage = true
    }

    /// - Throws: where the row is a passage, by its id: it asks nothing.
    package func checkThatItAsks() throws(RowError) {
        guard !isPassage else {
            throw RowError("the row '\(id)' is a passage of text, which asks nothing that could be answered")
        }
    }

    /// The definition that the row means by a name.
    ///
    /// - Parameter pool: definitions by name.
    package func definition(of name: String, in pool: [String: FunctionDefinition]) -> FunctionDefinition? {
        definitions?.first { $0.name == name } ?? pool[name]
    }

    /// The names that may be called: those that the row lists, all of the pool's where it lists none and defines none.
    package func callable(in pool: [String: FunctionDefinition]) -> [String] {
        functions.isEmpty && definitions == nil ? Array(pool.keys) : functions
    }
}

/// One thing said in a conversation.
package struct ChatMessage: Hashable, Sendable {
    package enum Role: String, Hashable, Sendable {
        case system
        case user
        case assistant
    }

    package var role: Role
    package var content: String

    package init(role: Role, content: String) {
        self.role = role
        self.content = content
    }

    /// Reads `{"role", "content"}`.
    package init(json: JSON) throws(RowError) {
        guard let word = json["role"]?.string, let content = json["content"]?.string else {
            throw RowError("a message has no 'role' and 'content'")
        }
        guard let role = Role(rawValue: word) else {
            throw RowError("a message has the role '\(word)'; 'system', 'user' and 'assistant' are known")
        }
        self.init(role: role, content: content)
    }

    package var json: JSON { ["role": .string(role.rawValue), "content": .string(content)] }
}

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

extension Row {
    /// Reads a line of a rows file. Where possible answers matter, it must have been parsed with its numbers as written.
    package init(json: JSON) throws(RowError) {
        guard let id = json["id"]?.string, !id.isEmpty else { throw RowError("the row has no 'id'") }
        guard let query = json["query"]?.string else { throw RowError("the row '\(id)' has no 'query'") }
        guard let answers = json["answers"]?.array else { throw RowError("the row '\(id)' has no 'answers' list") }
        self.init(
            id: id, query: query,
            functions: (json["functions"]?.array ?? []).compactMap(\.string),
            definitions: try json["definitions"]?.array.map { list throws(RowError) in
                try Self.list(list, FunctionDefinition.init(json:))
            },
            answers: try Self.list(answers, FunctionCall.init(json:)),
            possible: try json["possible"]?.array.map { list throws(RowError) in
                try Self.list(list, PossibleCall.init(json:))
            },
            template: json["template"]?.string, heldOut: json["held_out"]?.string.flatMap(HeldOut.init(rawValue:)),
            set: json["set"]?.string)
        background = try RowBackground(json: json)
        isPassage = json["passage"]?.bool ?? false
        guard !isPassage || self.functions.isEmpty && self.answers.isEmpty else {
            throw RowError("the row '\(id)' is a passage of text, but has functions or answers")
        }
        guard possible.map({ $0.map(\.name) == self.answers.map(\.name) }) ?? true else {
            throw RowError("the row '\(id)' has 'possible' calls of other functions than its 'answers'")
        }
    }

    private static func list<Element>(
        _ values: [JSON], _ read: (JSON) throws(RowError) -> Element
    ) throws(RowError) -> [Element] {
        var elements: [Element] = []
        for value in values { elements.append(try read(value)) }
        return elements
    }

    /// A row without definitions, possible answers and background has none of their members; only a passage has `passage`.
    package var json: JSON {
        var members: [String: JSON] = [
            "id": .string(id), "query": .string(query), "functions": .array(functions.map(JSON.string)),
            "answers": .array(answers.map(\.json)),
        ]
        if let definitions { members["definitions"] = .array(definitions.map(\.json)) }
        if let possible { members["possible"] = .array(possible.map(\.json)) }
        if let template { members["template"] = .string(template) }
        if let heldOut { members["held_out"] = .string(heldOut.rawValue) }
        if let set { members["set"] = .string(set) }
        if isPassage { members["passage"] = true }
        return .object(members.merging(background.members) { own, _ in own })
    }
}
