import CanonicalJSON

/// What a request wants to know of the likelihoods of tokens.
struct LikelihoodWish: Sendable {
    /// Whether the likelihood of each token is told.
    var isAsked: Bool
    /// Alternatives at each place.
    var alternatives: Int

    static let most = 20

    /// In requests for chats.
    private static let flag = APIField<Bool>.flag("logprobs", "Whether the likelihood of each token is told.")
    private static let top = APIField<Int>.count(
        "top_logprobs", 0...most, "The likelihoods of so many most probable tokens at each place.")

    static let chatDeclarations = [flag.declaration, top.declaration]

    init(chat body: JSON) throws(APIError) {
        isAsked = try body.value(Self.flag) ?? false
        alternatives = try body.value(Self.top) ?? 0
        guard isAsked || alternatives == 0 else {
            throw APIError.invalid("'top_logprobs' goes with 'logprobs': true", field: "top_logprobs")
        }
    }

    /// In requests for completions.
    private static let number = APIField<Int>.count(
        "logprobs", 0...most, "The likelihood of each token, and of so many most probable ones at its place.")

    static let completionDeclarations = [number.declaration]

    init(completion body: JSON) throws(APIError) {
        let number = try body.value(Self.number)
        (isAsked, alternatives) = (number != nil, number ?? 0)
    }
}
