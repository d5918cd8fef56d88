import CanonicalJSON
import Foundation

extension Tokenizer {
    /// The pre-tokenizer as `tokenizer.json` states it: our cuts as a regular expression, then bytes as symbols.
    static let preTokenizerJSON: JSON = [
        "type": "Sequence",
        "pretokenizers": [
            ["type": "Split", "pattern": ["Regex": .string(PreTokenizer.pattern)], "behavior": "Isolated", "invert": false],
            ["type": "ByteLevel", "add_prefix_space": false, "trim_offsets": true, "use_regex": false],
        ],
    ]

    static let decoderJSON: JSON = ["type": "ByteLevel", "add_prefix_space": true, "trim_offsets": true, "use_regex": true]

    /// The contents of `tokenizer.json`, which the `tokenizers` library loads with equal results.
    public var tokenizerJSON: JSON {
        let addedIds = Set(addedTokens.map(\.id))
        var vocabulary: [String: JSON] = [:]
        for (id, spelling) in spellings.enumerated() where !addedIds.contains(id) { vocabulary[spelling] = .integer(Int64(id)) }
        for token in addedTokens { vocabulary[token.content] = .integer(Int64(token.id)) }
        let model: JSON = [
            "type": "BPE", "dropout": nil, "unk_token": nil, "continuing_subword_prefix": nil, "end_of_word_suffix": nil,
            "fuse_unk": false, "byte_fallback": false, "ignore_merges": false,
            "vocab": .object(vocabulary),
            "merges": .array(merges.map { [.string(spellings[$0.pair.left]), .string(spellings[$0.pair.right])] }),
        ]
        return [
            "version": "1.0", "truncation": nil, "padding": nil, "normalizer": nil, "post_processor": nil,
            "added_tokens": .array(addedTokens.sorted { $0.id < $1.id }.map(\.json)),
            "pre_tokenizer": Self.preTokenizerJSON,
            "decoder": Self.decoderJSON,
            "model": model,
        ]
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
    public func write(to folder: URL, format: PromptFormat) throws {
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
            "single_word": false, "lstrip": false, "rstrip": false, "normalized": false,
        ]
    }
}
