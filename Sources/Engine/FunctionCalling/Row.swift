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
    /// Names of the functions that the prompt lists; empty where the model learns a fixed pool.
    package var functions: [String]
    /// The row's own definitions, which override those of the pool; `nil` where it uses the pool's. A row with this list, even
    /// an empty one, may call only the functions in `functions`.
    package var definitions: [FunctionDefinition]?
    /// The wanted calls in any order; empty where no call is wanted.
    package var answers: [FunctionCall]
    /// Everything that is right, for each call of `answers`; `nil` where only `answers` is right.
    package var possible: [PossibleCall]?
    /// The right response of a row that wants no calls but words: a label, a text, a JSON object. `nil` where its file has none.
    package var reply: String?
    /// What the row offers to choose from; the reply is the right one.
    package var options: RowOptions?
    /// What the row asks to be scored.
    package var ranked: RankedText?
    /// The template that the row was generated from: `set_light/3`.
    package var template: String?
    package var heldOut: HeldOut?
    /// The name of the set that its file belongs to.
    package var set: String?
    /// What gave this row and others, a conversation of several turns: they belong together.
    package var record: String?
    /// The parts of the prompt beside functions and query.
    package var background = RowBackground()
    /// Whether `query` is a text for language modelling, without a question, functions and answers.
    package var isPassage = false
    /// Whether nobody has said what is right: answers, reply, the right option and relevance then mean nothing.
    package var isUnlabelled = false

    package init(
        id: String, query: String, functions: [String] = [],
        definitions: [FunctionDefinition]? = nil, answers: [FunctionCall], possible: [PossibleCall]? = nil,
        template: String? = nil, heldOut: HeldOut? = nil, set: String? = nil
    ) {
        (self.id, self.query, self.functions, self.definitions, self.answers) = (id, query, functions, definitions, answers)
        (self.possible, self.template, self.heldOut, self.set) = (possible, template, heldOut, set)
    }

    /// A passage of text.
    package init(passage text: String, id: String) {
        self.init(id: id, query: text, answers: [])
        isPassage = true
    }

    /// - Throws: an error with the row's id where the row is a passage, which asks nothing.
    package func checkThatItAsks() throws(RowError) {
        guard !isPassage else {
            throw RowError("the row '\(id)' is a passage of text, which asks nothing that could be answered")
        }
    }

    /// The definition of a name in this row.
    ///
    /// - Parameter pool: definitions by name.
    package func definition(of name: String, in pool: [String: FunctionDefinition]) -> FunctionDefinition? {
        definitions?.first { $0.name == name } ?? pool[name]
    }

    /// The functions that may be called: those that the row lists; the whole pool where it neither lists nor defines any.
    package func callable(in pool: [String: FunctionDefinition]) -> [String] {
        functions.isEmpty && definitions == nil ? Array(pool.keys) : functions
    }

    /// The definitions of the functions that may be called, by name.
    func callableDefinitions(in pool: [String: FunctionDefinition]) -> [FunctionDefinition] {
        callable(in: pool).sorted().compactMap { definition(of: $0, in: pool) }
    }
}

/// The parts of a prompt beside its functions and its query. Each may be empty, and most rows have none.
package struct RowBackground: Hashable, Sendable {
    /// A question with the response to it, shown before the row's own.
    package struct Example: Hashable, Sendable {
        package var query: String
        package var response: String

        package init(query: String, response: String) { (self.query, self.response) = (query, response) }

        init(json: JSON) { self.init(query: json["query"]?.string ?? "", response: json["response"]?.string ?? "") }

        var json: JSON { ["query": .string(query), "response": .string(response)] }
    }

    /// Guidelines and format rules.
    package var instructions = ""
    package var examples: [Example] = []
    /// Passages that were retrieved for the query, the most similar first.
    package var knowledge: [String] = []
    /// Messages before the query.
    package var context: [ChatMessage] = []
    /// Messages after the query: the calls that were made for it so far, and their results.
    package var steps: [ChatMessage] = []
}

extension RowBackground {
    package init(instructions: String, context: [ChatMessage]) {
        self.init(instructions: instructions, examples: [], knowledge: [], context: context)
    }

    /// Reads the background among a row's members; missing parts are empty.
    init(json: JSON) throws(RowError) {
        let context = try (json["context"]?.array ?? []).map(ChatMessage.init(json:))
        let steps = try (json["steps"]?.array ?? []).map(ChatMessage.init(json:))
        self.init(
            instructions: json["instructions"]?.string ?? "",
            examples: (json["examples"]?.array ?? []).map(Example.init(json:)),
            knowledge: (json["knowledge"]?.array ?? []).compactMap(\.string), context: context, steps: steps)
    }

    /// The members of a row for the parts that are not empty.
    var members: [String: JSON] {
        var members: [String: JSON] = [:]
        if !instructions.isEmpty { members["instructions"] = .string(instructions) }
        if !examples.isEmpty { members["examples"] = .array(examples.map(\.json)) }
        if !knowledge.isEmpty { members["knowledge"] = .array(knowledge.map(JSON.string)) }
        if !context.isEmpty { members["context"] = .array(context.map(\.json)) }
        if !steps.isEmpty { members["steps"] = .array(steps.map(\.json)) }
        return members
    }

    /// All texts of the background.
    var texts: [String] {
        let messages = context + steps
        let shown = examples.flatMap { [$0.query, $0.response] } + knowledge
        return [instructions] + shown + messages.flatMap(\.texts)
    }
}

extension Row {
    /// Reads a line of a rows file. Possible answers need JSON that was parsed with the spelling of its numbers.
    package init(json: JSON) throws(RowError) {
        guard let id = json["id"]?.string, !id.isEmpty else { throw RowError("the row has no 'id'") }
        guard let query = json["query"]?.string else { throw RowError("the row '\(id)' has no 'query'") }
        let isUnlabelled = json["expect"] == Self.unknown
        guard let answers = isUnlabelled ? [] : json["answers"]?.array else {
            throw RowError("the row '\(id)' has no 'answers' list")
        }
        self.init(
            id: id, query: query,
            functions: (json["functions"]?.array ?? []).compactMap(\.string),
            definitions: try json["definitions"]?.array.map { list throws(RowError) in
                try list.map(FunctionDefinition.init(json:))
            },
            answers: try answers.map(FunctionCall.init(json:)),
            possible: try json["possible"]?.array.map { list throws(RowError) in
                try list.map(PossibleCall.init(json:))
            },
            template: json["template"]?.string, heldOut: json["held_out"]?.string.flatMap(HeldOut.init(rawValue:)),
            set: json["set"]?.string)
        background = try RowBackground(json: json)
        self.isUnlabelled = isUnlabelled
        reply = isUnlabelled ? nil : json["reply"].flatMap { $0 == .null ? nil : $0.string ?? $0.canonicalText }
        if isUnlabelled { possible = nil }
        do throws(RowError) {
            options = try RowOptions(row: json, isLabelled: !isUnlabelled)
            ranked = try RankedText(row: json, isLabelled: !isUnlabelled)
        } catch {
            throw RowError("the row '\(id)': \(error)")
        }
        record = json["record"]?.string
        isPassage = json["passage"]?.bool ?? false
        guard !isPassage || self.functions.isEmpty && self.answers.isEmpty else {
            throw RowError("the row '\(id)' is a passage of text, but has functions or answers")
        }
        guard possible.map({ $0.map(\.name) == self.answers.map(\.name) }) ?? true else {
            throw RowError("the row '\(id)' has 'possible' calls of other functions than its 'answers'")
        }
    }

    /// The row as JSON. Definitions, possible answers, reply, record, background and `passage` appear where the row has them.
    package var json: JSON {
        var members: [String: JSON] = [
            "id": .string(id), "query": .string(query), "functions": .array(functions.map(JSON.string)),
            "answers": .array(answers.map(\.json)),
        ]
        if let definitions { members["definitions"] = .array(definitions.map(\.json)) }
        if let possible { members["possible"] = .array(possible.map(\.json)) }
        if let reply { members["reply"] = .string(reply) }
        members.merge(options?.members(isLabelled: !isUnlabelled) ?? [:]) { $1 }
        members.merge(ranked?.members(isLabelled: !isUnlabelled) ?? [:]) { $1 }
        if isUnlabelled { members["expect"] = Self.unknown }
        if let template { members["template"] = .string(template) }
        if let heldOut { members["held_out"] = .string(heldOut.rawValue) }
        if let set { members["set"] = .string(set) }
        if let record { members["record"] = .string(record) }
        if isPassage { members["passage"] = true }
        return .object(members.merging(background.members) { own, _ in own })
    }
}
