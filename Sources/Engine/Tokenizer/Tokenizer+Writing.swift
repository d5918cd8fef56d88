import CanonicalJSON
import Foundation
import Words

extension Tokenizer {
    /// The contents of `tokenizer.json`, which the `tokenizers` library loads with equal results.
    package var tokenizerJSON: JSON {
        let addedIds = Set(addedTokens.map(\.id))
        var vocabulary: [String: JSON] = [:]
        for (id, spelling) in spellings.enumerated() where !addedIds.contains(id) {
            if let spelling { vocabulary[spelling] = .integer(Int64(id)) }
        }
        for token in addedTokens where token.isInVocabulary { vocabulary[token.content] = .integer(Int64(token.id)) }
        var model = pipeline.document["model"]?.object ?? [:]
        model["vocab"] = .object(vocabulary)
        model["merges"] = .array(
            merges.map { [.string(spellings[$0.pair.left] ?? ""), .string(spellings[$0.pair.right] ?? "")] })
        var document = pipeline.document.object ?? [:]
        document["model"] = .object(model)
        document["added_tokens"] = .array(addedTokens.sorted { $0.id < $1.id }.map(\.json))
        return .object(document)
    }

    /// The contents of `tokenizer_config.json` for a tokenizer with Decant's special tokens.
    private static let configurationJSON: [String: JSON] = [
        "tokenizer_class": "PreTrainedTokenizerFast",
        "eos_token": .string(SpecialToken.end.rawValue),
        "pad_token": .string(SpecialToken.endOfText.rawValue),
        "clean_up_tokenization_spaces": false,
        "chat_template": .string(chatTemplate),
    ]

    /// Messages of the roles `tools`, `user` and `assistant`, each after its special token; `<|end|>` after a response.
    private static let chatTemplate = """
        {% for message in messages %}<|{{ message.role }}|>{{ message.content }}\
        {% if message.role == 'assistant' %}<|end|>{% endif %}{% endfor %}\
        {% if add_generation_prompt %}<|assistant|>{% endif %}
        """

    /// Writes `tokenizer.json` and `tokenizer_config.json`.
    ///
    /// - Parameter format: the prompts that models with this tokenizer are made for; other libraries pass over it.
    package func write(to folder: URL, format: PromptStyle) throws {
        let prompt: [String: JSON] = ["decant_prompt": .string(format.rawValue)]
        let configuration = JSON.object(Self.configurationJSON.merging(prompt) { first, _ in first })
        try Data(tokenizerJSON.prettyText.utf8).write(to: folder.appending(path: "tokenizer.json"))
        try Data(configuration.prettyText.utf8).write(to: folder.appending(path: "tokenizer_config.json"))
    }
}

extension AddedToken {
    fileprivate var json: JSON {
        [
            "id": .integer(Int64(id)), "content": .string(content), "special": .bool(isSpecial),
            "single_word": .bool(isWholeWord), "lstrip": .bool(takesSpaceBefore), "rstrip": .bool(takesSpaceAfter),
            "normalized": .bool(isNormalized),
        ]
    }
}
