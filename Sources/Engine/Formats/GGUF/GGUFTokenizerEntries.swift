import CanonicalJSON

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
        self.tokenizer = tokenizer
        self.configuration = configuration
        controlTokens = model.controlTokens
    }

    func add(to header: inout GGUFHeader) {
        header.add("tokenizer.ggml.model", "gpt2")
        // Of the names that other programs know, the one whose cuts are nearest to Decant's own.
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
        if family == nil { header.add("tokenizer.huggingface.json", tokenizer.canonicalText) }
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
