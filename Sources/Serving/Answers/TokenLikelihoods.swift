import CanonicalJSON
import Engine

/// Tokens with their likelihoods, as the interface tells them.
struct TokenLikelihoods {
    let tokenizer: Tokenizer

    /// In answers of chats: `{"content": [{"token", "logprob", "bytes", "top_logprobs"}]}`.
    func chat(_ tokens: [ServedToken]) -> JSON {
        let content = tokens.map { token in
            let alternatives = token.alternatives.map { JSON.object(inOrder: members($0.token, $0.logProbability)) }
            var told = members(token.token, token.logProbability)
            told.append(("top_logprobs", .array(alternatives)))
            return JSON.object(inOrder: told)
        }
        return .object(inOrder: [("content", .array(content)), ("refusal", .null)])
    }

    /// In answers of completions: `{"tokens", "token_logprobs", "top_logprobs", "text_offset"}`.
    ///
    /// - Parameter offset: characters of the answer before these tokens.
    func completion(_ tokens: [ServedToken], from offset: Int) -> JSON {
        var offset = offset
        var offsets: [JSON] = []
        for token in tokens {
            offsets.append(.count(offset))
            offset += text(token.token).unicodeScalars.count
        }
        let alternatives = tokens.map { token in
            JSON.object(inOrder: token.alternatives.map { (text($0.token), number($0.logProbability)) })
        }
        return .object(inOrder: [
            ("tokens", .array(tokens.map { .string(text($0.token)) })),
            ("token_logprobs", .array(tokens.map { number($0.logProbability) })),
            ("top_logprobs", .array(alternatives)), ("text_offset", .array(offsets)),
        ])
    }

    func text(_ token: Int32) -> String { tokenizer.decodeWithSpecialTokens(CollectionOfOne(Int(token))) }

    private func members(_ token: Int32, _ logProbability: Float) -> [(String, JSON)] {
        [
            ("token", .string(text(token))), ("logprob", number(logProbability)),
            ("bytes", .array(tokenizer.bytes(of: CollectionOfOne(Int(token))).map { .count(Int($0)) })),
        ]
    }

    /// What no number can be is told as OpenAI tells it.
    private func number(_ logProbability: Float) -> JSON {
        logProbability.isFinite ? .number(Double(logProbability)) : .integer(-9999)
    }
}
