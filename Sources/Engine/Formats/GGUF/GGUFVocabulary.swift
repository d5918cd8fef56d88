import CanonicalJSON

/// A byte-level BPE vocabulary as GGUF's metadata hold it.
struct GGUFVocabulary {
    /// What a token is, under the format's numbers.
    enum Kind: Int {
        case normal = 1
        case unknown, control, userDefined, unused, byte
    }

    var tokens: [String]
    /// One for each token.
    var kinds: [Kind]
    var merges: [(left: String, right: String)]
}

extension GGUFVocabulary {
    /// The ids that only added tokens have follow all others; those in between are in the vocabulary as well.
    private var vocabularySize: Int { (kinds.lastIndex { $0 == .normal || $0 == .byte || $0 == .unknown } ?? -1) + 1 }

    private var addedTokens: [Int] { kinds.indices.filter { kinds[$0] == .control || kinds[$0] == .userDefined } }

    /// The contents of `tokenizer.json`, in the shape that the family's own files have.
    ///
    /// - Parameter begin: the token that begins every text, where one does.
    func tokenizerJSON(_ family: BytePairFamily, begin: Int?) -> JSON {
        var vocabulary: [String: JSON] = [:]
        for id in 0..<vocabularySize { vocabulary[tokens[id]] = .integer(Int64(id)) }
        return [
            "version": "1.0", "truncation": nil, "padding": nil,
            "added_tokens": .array(
                addedTokens.map { id in
                    let content = members(ofAdded: id)
                    return .object(content.merging(["id": .integer(Int64(id))]) { first, _ in first })
                }),
            "normalizer": family.normalizer, "pre_tokenizer": family.preTokenizer,
            "post_processor": family.postProcessor(begin: begin.map { ($0, tokens[$0]) }), "decoder": family.decoder,
            "model": [
                "type": "BPE", "dropout": nil, "unk_token": nil, "continuing_subword_prefix": nil, "end_of_word_suffix": nil,
                "fuse_unk": false, "byte_fallback": false, "ignore_merges": .bool(family.ignoresMerges),
                "vocab": .object(vocabulary), "merges": .array(merges.map { [.string($0.left), .string($0.right)] }),
            ],
        ]
    }

    /// `added_tokens_decoder` of `tokenizer_config.json`.
    var addedTokensDecoder: JSON {
        .object(Dictionary(uniqueKeysWithValues: addedTokens.map { (String($0), .object(members(ofAdded: $0))) }))
    }

    private func members(ofAdded id: Int) -> [String: JSON] {
        [
            "content": .string(tokens[id]), "special": .bool(kinds[id] == .control), "single_word": false, "lstrip": false,
            "rstrip": false, "normalized": false,
        ]
    }

    /// The vocabulary of a `tokenizer.json`, with names for the rows of the embedding that have no token.
    ///
    /// - Throws: `ModelFileError` where it is not a byte-pair tokenizer, or one that the embedding is too small for.
    init(_ tokenizer: JSON, rows: Int) throws(ModelFileError) {
        func refused(_ reason: String) -> ModelFileError { ModelFileError(file: "tokenizer.json", reason: reason) }
        let isByteLevel = (try? PreTokenizer.parsed(tokenizer["pre_tokenizer"]).isByteLevel) ?? false
        guard isByteLevel, let vocabulary = tokenizer["model"]?["vocab"]?.object,
            let merges = tokenizer["model"]?["merges"]?.array
        else {
            throw refused("it is no byte-level BPE, which is what can be written to a GGUF file; export safetensors")
        }
        tokens = (0..<rows).map { "[PAD\($0)]" }
        kinds = Array(repeating: .unused, count: rows)
        for (token, value) in vocabulary {
            guard let id = value.integer, tokens.indices.contains(id) else {
                throw refused("the token '\(token)' has no row among the embedding's \(rows)")
            }
            (tokens[id], kinds[id]) = (token, .normal)
        }
        for token in tokenizer["added_tokens"]?.array ?? [] {
            guard let id = token["id"]?.integer, tokens.indices.contains(id), let content = token["content"]?.string else {
                throw refused("the added token \(token.canonicalText) has no row among the embedding's \(rows)")
            }
            (tokens[id], kinds[id]) = (content, token["special"] == true ? .control : .userDefined)
        }
        self.merges = []
        for merge in merges {
            guard let pair = Self.pair(merge.array?.compactMap(\.string) ?? merge.string.map(Self.halves) ?? []) else {
                throw refused("the merge \(merge.canonicalText) is not of two tokens")
            }
            self.merges.append(pair)
        }
    }

    /// `Ġ the` as two texts.
    static func halves(of merge: String) -> [String] {
        merge.split(separator: " ", omittingEmptySubsequences: false).map(String.init)
    }

    static func pair(_ halves: [String]) -> (left: String, right: String)? {
        halves.count == 2 && halves.allSatisfy { !$0.isEmpty } ? (halves[0], halves[1]) : nil
    }
}

/// A model folder's tokenizer as entries of GGUF's metadata.
struct GGUFTokenizerEntries {
    private let vocabulary: GGUFVocabulary
    /// `nil` for cuts that GGUF has no name for: those of Decant's own tokenizers.
    private let family: BytePairFamily?
    private let tokenizer: JSON
    private let configuration: JSON
    private let controlTokens: ControlTokens

    init(tokenizer: JSON, configuration: JSON, for model: ModelConfiguration) throws(ModelFileError) {
        vocabulary = try GGUFVocabulary(tokenizer, rows: model.vocabularySize)
        family = BytePairFamily(of: tokenizer)
        (self.tokenizer, self.configuration) = (tokenizer, configuration)
        controlTokens = model.controlTokens
    }

    func add(to header: inout GGUFHeader) {
        header.add("tokenizer.ggml.model", "gpt2")
        // Other programs have no name for Decant's cuts; this name's cuts are the nearest.
        header.add("tokenizer.ggml.pre", (family ?? .gpt2).rawValue)
        header.add("tokenizer.ggml.tokens", vocabulary.tokens)
        header.add("tokenizer.ggml.token_type", vocabulary.kinds.map { Int32($0.rawValue) })
        header.add("tokenizer.ggml.merges", vocabulary.merges.map { "\($0.left) \($0.right)" })
        header.add("tokenizer.ggml.add_bos_token", beginsTexts)
        header.add("tokenizer.ggml.add_space_prefix", false)
        add("bos", id("bos_token") ?? controlTokens.begin, to: &header)
        add("eos", id("eos_token") ?? controlTokens.end.first, to: &header)
        add("padding", id("pad_token") ?? controlTokens.padding, to: &header)
        add("unknown", id("unk_token"), to: &header)
        if let template = configuration["chat_template"]?.string { header.add("tokenizer.chat_template", template) }
        if let prompt = configuration["decant_prompt"]?.string { header.add("decant.prompt", prompt) }
        if family?.tells(tokenizer) != true { header.add("tokenizer.huggingface.json", tokenizer.canonicalText) }
    }

    private func add(_ name: String, _ id: Int?, to header: inout GGUFHeader) {
        if let id { header.add("tokenizer.ggml.\(name)_token_id", id) }
    }

    /// The id of a token that `tokenizer_config.json` names, as a text or as an object with its content.
    private func id(_ role: String) -> Int? {
        let value = configuration[role]
        guard let content = value?.string ?? value?["content"]?.string else { return nil }
        return vocabulary.tokens.firstIndex(of: content)
    }

    /// Whether the post-processor puts a token before every text.
    private var beginsTexts: Bool {
        let processor = tokenizer["post_processor"] ?? .null
        return ([processor] + (processor["processors"]?.array ?? [])).contains { $0["single"]?[0]?["SpecialToken"] != nil }
    }
}
