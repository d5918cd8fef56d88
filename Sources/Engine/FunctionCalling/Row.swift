import CanonicalJSON

/// One question with the calls that answer it.
public struct Row: Hashable, Sendable {
    /// Why no training row may look like this one.
    public enum HeldOut: String, Hashable, Sendable {
        case template
        case value
    }

    /// Unique among the rows of its data.
    public var id: String
    public var query: String
    /// Names of the functions that the prompt lists; empty where the pool is fixed and known by heart.
    public var functions: [String]
    /// In any order; empty where no function is wanted.
    public var answers: [FunctionCall]
    /// The template that made it: `set_light/3`.
    public var template: String?
    public var heldOut: HeldOut?
    /// The set that its file was named under.
    public var set: String?
    /// What the prompt says besides.
    public var background = RowBackground()

    public init(
        id: String, query: String, functions: [String] = [], answers: [FunctionCall], template: String? = nil,
        heldOut: HeldOut? = nil, set: String? = nil
    ) {
        self.id = id
        self.query = query
        self.functions = functions
        self.answers = answers
        self.template = template
        self.heldOut = heldOut
        self.set = set
    }

    public init(json: JSON) throws(RowError) {
        guard let id = json["id"]?.string, !id.isEmpty else { throw RowError("the row has no 'id'") }
        guard let query = json["query"]?.string else { throw RowError("the row '\(id)' has no 'query'") }
        guard let answers = json["answers"]?.array else { throw RowError("the row '\(id)' has no 'answers' list") }
        var calls: [FunctionCall] = []
        for answer in answers { calls.append(try FunctionCall(json: answer)) }
        self.init(
            id: id, query: query, functions: (json["functions"]?.array ?? []).compactMap(\.string), answers: calls,
            template: json["template"]?.string, heldOut: json["held_out"]?.string.flatMap(HeldOut.init(rawValue:)),
            set: json["set"]?.string)
        background = RowBackground(json: json)
    }

    public var json: JSON {
        var members: [String: JSON] = [
            "id": .string(id), "query": .string(query), "functions": .array(functions.map(JSON.string)),
            "answers": .array(answers.map(\.json)),
        ]
        if let template { members["template"] = .string(template) }
        if let heldOut { members["held_out"] = .string(heldOut.rawValue) }
        if let set { members["set"] = .string(set) }
        return .object(members.merging(background.members) { own, _ in own })
    }
}
