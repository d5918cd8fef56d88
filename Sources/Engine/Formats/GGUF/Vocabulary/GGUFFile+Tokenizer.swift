import CanonicalJSON
import Foundation

extension GGUFFile {
    /// Writes `tokenizer.json` and `tokenizer_config.json` as the metadata have them, the chat template included.
    package func writeTokenizer(to folder: URL) throws {
        let vocabulary = try vocabulary()
        let tokenizer = try tokenizerJSON(vocabulary)
        try Data(tokenizer.prettyText.utf8).write(to: folder.appending(path: Tokenizer.file))
        try Data(tokenizerConfiguration(vocabulary, tokenizer).prettyText.utf8).write(
            to: folder.appending(path: TokenizerSettings.file))
    }

    /// The whole file where the metadata has it; otherwise it is made from the vocabulary.
    private func tokenizerJSON(_ vocabulary: GGUFVocabulary) throws(ModelFileError) -> JSON {
        if let text = metadata["tokenizer.huggingface.json"]?.string {
            do {
                return try JSON(parsingByBytes: text.utf8)
            } catch {
                throw refused("huggingface.json", "is not JSON: \(error)")
            }
        }
        let form = try form()
        func frame(_ name: String, _ key: String, default standard: Bool) throws(ModelFileError) -> Int? {
            metadata["tokenizer.ggml.add_\(key)_token"]?.bool ?? standard ? try id(name, vocabulary) : nil
        }
        let begins = form is SentencePieces || form as? BytePairFamily == .llama3
        return vocabulary.tokenizerJSON(
            form, begin: try frame("bos", "bos", default: begins), end: try frame("eos", "eos", default: false))
    }

    private func form() throws(ModelFileError) -> any TokenizerForm {
        if isOfCharacters {
            return SentencePieces(putsSpaceBefore: metadata["tokenizer.ggml.add_space_prefix"]?.bool ?? true)
        }
        let name = metadata["tokenizer.ggml.pre"]?.string ?? "default"
        guard let family = BytePairFamily(named: name) else {
            let known = BytePairFamily.allCases.map(\.rawValue).joined(separator: ", ")
            throw refused("ggml.pre", "is '\(name)'; those that can be read are \(known)")
        }
        return family
    }

    /// Whether the vocabulary is SentencePiece's, and not one of bytes.
    private var isOfCharacters: Bool { metadata["tokenizer.ggml.model"]?.string == "llama" }

    private func tokenizerConfiguration(_ vocabulary: GGUFVocabulary, _ tokenizer: JSON) throws(ModelFileError) -> JSON {
        var members: [String: JSON] = [
            "tokenizer_class": "PreTrainedTokenizerFast", "add_prefix_space": false, "clean_up_tokenization_spaces": false,
            "added_tokens_decoder": Self.addedTokensDecoder(of: tokenizer),
        ]
        let added = Set((tokenizer["added_tokens"]?.array ?? []).compactMap { $0["id"]?.integer })
        for (name, role) in [("bos", "bos"), ("eos", "eos"), ("unknown", "unk"), ("padding", "pad")] {
            // A role makes a token special, which cuts texts otherwise; the ids of ordinary ones stand in generation_config.json.
            guard let id = try id(name, vocabulary), added.contains(id) else { continue }
            members["\(role)_token"] = .string(vocabulary.tokens[id])
        }
        let architecture = metadata["general.architecture"]?.string ?? ""
        members["model_max_length"] = metadata["\(architecture).context_length"]?.integer.map { .integer(Int64($0)) }
        members["chat_template"] = metadata["tokenizer.chat_template"]?.string.map(JSON.string)
        members["decant_prompt"] = metadata["decant.prompt"]?.string.map(JSON.string)
        return .object(members)
    }

    /// The added tokens of a `tokenizer.json` by their ids.
    private static func addedTokensDecoder(of tokenizer: JSON) -> JSON {
        var decoder: [String: JSON] = [:]
        for token in tokenizer["added_tokens"]?.array ?? [] {
            guard let id = token["id"]?.integer, var members = token.object else { continue }
            members["id"] = nil
            decoder[String(id)] = .object(members)
        }
        return .object(decoder)
    }

    private func vocabulary() throws(ModelFileError) -> GGUFVocabulary {
        let model = metadata["tokenizer.ggml.model"]?.string ?? ""
        guard model == "gpt2" || isOfCharacters else {
            throw refused("ggml.model", "is '\(model)'; those that can be read are 'gpt2' and 'llama'")
        }
        guard let tokens = metadata["tokenizer.ggml.tokens"]?.array?.strings(), !tokens.isEmpty else {
            throw refused("ggml.tokens", "are missing or no list of texts")
        }
        guard Set(tokens.map { Spelling($0) }).count == tokens.count else {
            throw refused("ggml.tokens", "have the same text twice")
        }
        if let rows = tensors["token_embd.weight"]?.shape.first, tokens.count > rows {
            throw refused("ggml.tokens", "are \(tokens.count), and the embedding has \(rows) rows")
        }
        let numbers = metadata["tokenizer.ggml.token_type"]?.array?.integers() ?? Array(repeating: 1, count: tokens.count)
        let kinds = numbers.compactMap(GGUFVocabulary.Kind.init)
        guard kinds.count == tokens.count else {
            throw refused("ggml.token_type", "is not a list of a known type for each of the \(tokens.count) tokens")
        }
        var vocabulary = GGUFVocabulary(tokens: tokens, kinds: kinds, merges: [])
        if isOfCharacters {
            guard let scores = metadata["tokenizer.ggml.scores"]?.array?.floats(), scores.count == tokens.count,
                scores.allSatisfy(\.isFinite)
            else { throw refused("ggml.scores", "are not a list of a number for each of the \(tokens.count) tokens") }
            vocabulary.scores = scores
            vocabulary.markUserDefinedSpaces()
        }
        if isOfCharacters, metadata["tokenizer.ggml.merges"] == nil {
            vocabulary.merges = vocabulary.mergesOfScores
        } else {
            guard let merges = metadata["tokenizer.ggml.merges"]?.array?.strings() else {
                throw refused("ggml.merges", "are missing or no list of texts")
            }
            vocabulary.merges = merges.compactMap { GGUFVocabulary.pair(GGUFVocabulary.halves(of: $0)) }
            guard vocabulary.merges.count == merges.count else { throw refused("ggml.merges", "are not all of two tokens") }
        }
        return vocabulary
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
