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
