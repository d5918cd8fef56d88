import CanonicalJSON

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
