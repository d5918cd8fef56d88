import CanonicalJSON

/// A request for the labels of texts.
struct ClassifyRequest: Sendable {
    let model: String
    let texts: [String]
    /// What to choose from, for a model that chooses among what a question offers.
    let options: [String]?

    private static let texts = APIField<[String]>.texts("input", 1...256, "The texts.")
    private static let options = APIField<[String]>.texts(
        "options", 2...1000, "What to choose from; for models of the task 'choice'.")

    static let fields = RequestFields([
        ChatRequest.model.declaration.required, texts.declaration.required, options.declaration,
    ])

    init(_ body: JSON) throws(APIError) {
        try Self.fields.check(body)
        model = try body.value(ChatRequest.model) ?? ""
        texts = try body.value(Self.texts) ?? []
        options = try body.value(Self.options)
    }

    static let answer: JSON = [
        "type": "object", "required": ["object", "model", "data"],
        "properties": [
            "object": ["enum": ["list"]], "model": ["type": "string"],
            "data": [
                "type": "array",
                "items": [
                    "type": "object", "required": ["index", "label", "log_probability"],
                    "properties": [
                        "index": ["type": "integer"], "label": ["type": "string"], "log_probability": ["type": "number"],
                    ],
                ],
            ],
        ],
    ]
}

/// A request to put texts in the order in which they fit a question.
struct RankRequest: Sendable {
    let model: String
    let query: String
    let documents: [String]
    /// How many are told; all where it does not say.
    let most: Int?

    private static let query = APIField<String>.text("query", "The question.")
    private static let documents = APIField<[String]>.texts("documents", 1...1000, "The texts.")
    private static let most = APIField<Int>.count("top_n", 1...1000, "How many of the best are told.")

    static let fields = RequestFields([
        ChatRequest.model.declaration.required, query.declaration.required, documents.declaration.required, most.declaration,
    ])

    init(_ body: JSON) throws(APIError) {
        try Self.fields.check(body)
        model = try body.value(ChatRequest.model) ?? ""
        query = try body.value(Self.query) ?? ""
        documents = try body.value(Self.documents) ?? []
        most = try body.value(Self.most)
    }

    static let answer: JSON = [
        "type": "object", "required": ["model", "results"],
        "properties": [
            "model": ["type": "string"],
            "results": [
                "type": "array",
                "items": [
                    "type": "object", "required": ["index", "relevance_score", "document"],
                    "properties": [
                        "index": ["type": "integer"], "relevance_score": ["type": "number"],
                        "document": ["type": "object", "properties": ["text": ["type": "string"]]],
                    ],
                ],
            ],
        ],
    ]
}
