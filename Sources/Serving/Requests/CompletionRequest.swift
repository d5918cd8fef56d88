import CanonicalJSON

/// A request for the rest of plain texts, without a template around them.
struct CompletionRequest: Sendable {
    enum Prompt: Hashable, Sendable {
        case text(String)
        case tokens([Int32])
    }

    let model: String
    let prompts: [Prompt]
    let sampling: Sampling
    let likelihoods: LikelihoodWish

    /// Prompts of one request.
    private static let mostPrompts = 128

    private static let prompts = APIField<[Prompt]>(
        "prompt",
        [
            "anyOf": [
                ["type": "string"],
                ["type": "array", "items": ["type": "string"], "minItems": 1, "maxItems": .count(mostPrompts)],
                ["type": "array", "items": ["type": "integer"], "minItems": 1],
                [
                    "type": "array", "items": ["type": "array", "items": ["type": "integer"], "minItems": 1], "minItems": 1,
                    "maxItems": .count(mostPrompts),
                ],
            ]
        ],
        "A text, or its tokens by number; or a list of several."
    ) { value throws(APIError) in
        guard let prompts = CompletionRequest.read(value), !prompts.isEmpty,
            prompts.count <= CompletionRequest.mostPrompts
        else {
            throw APIError.invalid(
                "'prompt' must be a text, a list of at most \(CompletionRequest.mostPrompts) texts, or numbers of tokens",
                field: "prompt")
        }
        return prompts
    }
    private static let unsupported: [APIField<Void>] = [
        .unused("echo", [:], harmless: [false]), .unused("best_of", [:], harmless: [1]), .unused("suffix", [:], harmless: [""]),
    ]

    static let fields = RequestFields(
        [ChatRequest.model.declaration.required, prompts.declaration.required], unsupported.map(\.declaration),
        Sampling.declarations, LikelihoodWish.completionDeclarations)

    init(_ body: JSON) throws(APIError) {
        try Self.fields.check(body)
        guard let model = try body.value(ChatRequest.model), let prompts = try body.value(Self.prompts) else {
            throw APIError.invalid("'model' and 'prompt' are missing")
        }
        (self.model, self.prompts) = (model, prompts)
        sampling = try Sampling(body)
        likelihoods = try LikelihoodWish(completion: body)
        for field in Self.unsupported { _ = try body.value(field) }
        guard prompts.count * sampling.count <= Self.mostPrompts else {
            throw APIError.invalid("a request may have at most \(Self.mostPrompts) answers", field: "n")
        }
    }

    private static func read(_ value: JSON) -> [Prompt]? {
        if let text = value.string { return [.text(text)] }
        guard let list = value.array else { return nil }
        if let tokens = Self.tokens(list) { return [.tokens(tokens)] }
        var prompts: [Prompt] = []
        for element in list {
            if let text = element.string {
                prompts.append(.text(text))
            } else if let tokens = element.array.flatMap(Self.tokens) {
                prompts.append(.tokens(tokens))
            } else {
                return nil
            }
        }
        return prompts
    }

    /// Numbers of tokens; `nil` where a value is none, and for none at all.
    private static func tokens(_ list: [JSON]) -> [Int32]? {
        let tokens = list.compactMap { $0.canonical.integer.flatMap { Int32(exactly: $0) } }
        return !list.isEmpty && tokens.count == list.count ? tokens : nil
    }
}
