import CanonicalJSON
import Foundation

extension GGUFFile {
    /// Writes `tokenizer.json` and `tokenizer_config.json` as the metadata have them, the chat template included.
    package func writeTokenizer(to folder: URL) throws {
        let vocabulary = try vocabulary()
        try Data(tokenizerJSON(vocabulary).prettyText.utf8).write(to: folder.appending(path: "tokenizer.json"))
        try Data(tokenizerConfiguration(vocabulary).prettyText.utf8).write(to: folder.appending(path: "tokenizer_config.json"))
    }

    /// The whole file where the metadata has it; otherwise it is made from the vocabulary.
    private func tokenizerJSON(_ vocabulary: GGUFVocabulary) throws(ModelFileError) -> JSON {
        if let text = metadata["tokenizer.huggingface.json"]?.string {
            do {
                return try JSON(parsing: text)
            } catch {
                throw refused("huggingface.json", "is not JSON: \(error)")
            }
        }
        let name = metadata["tokenizer.ggml.pre"]?.string ?? "default"
        guard let family = BytePairFamily(named: name) else {
            let known = BytePairFamily.allCases.map(\.rawValue).joined(separator: ", ")
            throw refused("ggml.pre", "is '\(name)'; those that can be read are \(known)")
        }
        let beginsTexts = metadata["tokenizer.ggml.add_bos_token"]?.bool ?? (family == .llama3)
        return vocabulary.tokenizerJSON(family, begin: beginsTexts ? try id("bos", vocabulary) : nil)
    }

    private func tokenizerConfiguration(_ vocabulary: GGUFVocabulary) throws(ModelFileError) -> JSON {
        var members: [String: JSON] = [
            "tokenizer_class": "PreTrainedTokenizerFast", "add_prefix_space": false, "clean_up_tokenization_spaces": false,
            "added_tokens_decoder": vocabulary.addedTokensDecoder,
        ]
        for (name, role) in [("bos", "bos"), ("eos", "eos"), ("unknown", "unk"), ("padding", "pad")] {
            members["\(role)_token"] = try id(name, vocabulary).map { .string(vocabulary.tokens[$0]) }
        }
        let architecture = metadata["general.architecture"]?.string ?? ""
        members["model_max_length"] = metadata["\(architecture).context_length"]?.integer.map { .integer(Int64($0)) }
        members["chat_template"] = metadata["tokenizer.chat_template"]?.string.map(JSON.string)
        members["decant_prompt"] = metadata["decant.prompt"]?.string.map(JSON.string)
        return .object(members)
    }

    private func vocabulary() throws(ModelFileError) -> GGUFVocabulary {
        let model = metadata["tokenizer.ggml.model"]?.string ?? ""
        guard model == "gpt2" else {
            throw refused("ggml.model", "is '\(model)', and only byte-level BPE, 'gpt2', can be read")
        }
        guard let tokens = metadata["tokenizer.ggml.tokens"]?.array?.strings(), !tokens.isEmpty else {
            throw refused("ggml.tokens", "are missing or no list of texts")
        }
        guard Set(tokens).count == tokens.count else { throw refused("ggml.tokens", "have the same text twice") }
        if let rows = tensors["token_embd.weight"]?.shape.first, tokens.count > rows {
            throw refused("ggml.tokens", "are \(tokens.count), and the embedding has \(rows) rows")
        }
        let numbers = metadata["tokenizer.ggml.token_type"]?.array?.integers() ?? Array(repeating: 1, count: tokens.count)
        let kinds = numbers.compactMap(GGUFVocabulary.Kind.init)
        guard kinds.count == tokens.count else {
            throw refused("ggml.token_type", "is not a list of a known type for each of the \(tokens.count) tokens")
        }
        guard let merges = metadata["tokenizer.ggml.merges"]?.array?.strings() else {
            throw refused("ggml.merges", "are missing or no list of texts")
        }
        let pairs = merges.compactMap { GGUFVocabulary.pair(GGUFVocabulary.halves(of: $0)) }
        guard pairs.count == merges.count else { throw refused("ggml.merges", "are not all of two tokens") }
        return GGUFVocabulary(tokens: tokens, kinds: kinds, merges: pairs)
    }

    /// The id of `tokenizer.ggml.<name>_token_id`, which must be a token's.
    private func id(_ name: String, _ vocabulary: GGUFVocabulary) throws(ModelFileError) -> Int? {
        guard let id = metadata["tokenizer.ggml.\(name)_token_id"]?.integer else { return nil }
        guard vocabulary.tokens.indices.contains(id) else {
            throw refused("ggml.\(name)_token_id", "is \(id), and there are \(vocabulary.tokens.count) tokens")
        }
        return id
    }

    private func refused(_ key: String, _ reason: String) -> ModelFileError {
        ModelFileError(file: file, reason: "its tokenizer.\(key) \(reason)")
    }
}
