import CanonicalJSON
import Foundation
import Words

extension Tokenizer {
    static let file = "tokenizer.json"

    /// Reads `tokenizer.json` of a model folder.
    package init(readingFolder folder: URL) throws(ModelFileError) {
        try self.init(parsing: ModelFolder(folder).readJSON(Self.file))
    }

    /// Reads the contents of a `tokenizer.json` of the `tokenizers` library.
    ///
    /// It supports byte-level BPE with the pre-tokenizers of GPT-2, Qwen2, Llama 3, SmolLM2 and Decant.
    /// - Throws: an error that names what is not supported.
    package init(parsing json: JSON) throws(ModelFileError) {
        do throws(TokenizerFault) {
            let pipeline = try TextPipeline(parsing: json)
            let added = try Self.addedTokens(json)
            let (spellings, ids) = try Self.vocabulary(json, added: added)
            if let id = (pipeline.frame.before + pipeline.frame.after).first(where: { !spellings.indices.contains($0) }) {
                throw TokenizerFault("its post_processor adds the token \(id), which does not exist")
            }
            self.init(
                spellings: spellings, bytes: try Self.byteTokens(json["model"], ids: ids),
                merges: try Self.merges(json, ids: ids), addedTokens: added, pipeline: pipeline)
        } catch {
            throw ModelFileError(file: Self.file, reason: error.description)
        }
    }

    private static func addedTokens(_ json: JSON) throws(TokenizerFault) -> [AddedToken] {
        var tokens: [AddedToken] = []
        let vocabulary = json["model"]?["vocab"]?.object ?? [:]
        for (index, value) in (json["added_tokens"]?.array ?? []).enumerated() {
            guard let id = value["id"]?.integer, let content = value["content"]?.string, !content.isEmpty else {
                throw TokenizerFault("added token \(index) has no id or no content")
            }
            tokens.append(
                AddedToken(
                    id: id, content: content, isSpecial: value["special"] == true,
                    isInVocabulary: vocabulary[content] != nil, isNormalized: value["normalized"] == true,
                    isWholeWord: value["single_word"] == true, takesSpaceBefore: value["lstrip"] == true,
                    takesSpaceAfter: value["rstrip"] == true))
        }
        return tokens
    }

    /// The spelling of every id, and the id of every spelling. A few ids may have no token.
    private static func vocabulary(
        _ json: JSON, added: [AddedToken]
    ) throws(TokenizerFault) -> (spellings: [String?], ids: [String: Int]) {
        guard let members = json["model"]?["vocab"]?.object else { throw TokenizerFault("the model has no vocab") }
        var ids: [String: Int] = [:]
        ids.reserveCapacity(members.count + added.count)
        for (spelling, value) in members {
            guard let id = value.integer else { throw TokenizerFault("the id of token '\(spelling)' is not an integer") }
            ids[spelling] = id
        }
        for token in added {
            if let id = ids[token.content], id != token.id {
                throw TokenizerFault("the added token '\(token.content)' has the id \(token.id) and in the vocab the id \(id)")
            }
            ids[token.content] = token.id
        }
        let contents = Set(added.map(\.content))
        let sorted = ids.sorted { ($0.value, $0.key) < ($1.value, $1.key) }
        var spellings = [String?](repeating: nil, count: 0)
        var bytes: [UInt8] = []
        for (spelling, id) in sorted {
            guard 0 <= id, id < 2 * ids.count + 4096 else {
                throw TokenizerFault("token '\(spelling)' has the id \(id), which is out of range for \(ids.count) tokens")
            }
            if id < spellings.count {
                throw TokenizerFault("the tokens '\(spellings[id] ?? "")' and '\(spelling)' share the id \(id)")
            }
            bytes.removeAll(keepingCapacity: true)
            guard ByteAlphabet.append(bytesSpelled: spelling, to: &bytes) || contents.contains(spelling) else {
                throw TokenizerFault("the token '\(spelling)' is not spelled in byte symbols")
            }
            while spellings.count < id { spellings.append(nil) }
            spellings.append(spelling)
        }
        return (spellings, ids)
    }

    private static func byteTokens(_ model: JSON?, ids: [String: Int]) throws(TokenizerFault) -> ByteTokens {
        var bytes = ByteTokens((UInt8.min...UInt8.max).map { ids[ByteAlphabet.spelling(of: [$0])] })
        if let name = model?["unk_token"]?.string {
            guard let id = ids[name] else { throw TokenizerFault("the unk_token '\(name)' is not in the vocab") }
            bytes.unknown = id
            bytes.joinsUnknown = model?["fuse_unk"] == true
        }
        return bytes
    }

    private static func merges(_ json: JSON, ids: [String: Int]) throws(TokenizerFault) -> [TokenMerge] {
        guard let list = json["model"]?["merges"]?.array else { throw TokenizerFault("the model has no merges") }
        var merges: [TokenMerge] = []
        var seen: Set<TokenPair> = []
        merges.reserveCapacity(list.count)
        seen.reserveCapacity(list.count)
        for (index, value) in list.enumerated() {
            let parts =
                value.string?.split(separator: " ", omittingEmptySubsequences: false).map(String.init)
                ?? value.array?.compactMap(\.string) ?? []
            guard parts.count == 2 else { throw TokenizerFault("merge \(index) does not name two tokens") }
            func id(_ spelling: String) throws(TokenizerFault) -> Int {
                guard let id = ids[spelling] else {
                    throw TokenizerFault(
                        "merge \(index) ('\(parts[0])', '\(parts[1])') needs the token '\(spelling)', which the vocab lacks")
                }
                return id
            }
            let pair = TokenPair(left: try id(parts[0]), right: try id(parts[1]))
            guard seen.insert(pair).inserted else {
                throw TokenizerFault("merge \(index) ('\(parts[0])', '\(parts[1])') stands twice")
            }
            merges.append(TokenMerge(pair: pair, token: try id(parts[0] + parts[1])))
        }
        return merges
    }
}

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

    /// Writes each message of the roles `tools`, `user` and `assistant` after its special token, and `<|end|>` after a response.
    private static let chatTemplate = """
        {% for message in messages %}<|{{ message.role }}|>{{ message.content }}\
        {% if message.role == 'assistant' %}<|end|>{% endif %}{% endfor %}\
        {% if add_generation_prompt %}<|assistant|>{% endif %}
        """

    /// Writes `tokenizer.json` and `tokenizer_config.json`.
    ///
    /// - Parameter format: the prompts that models with this tokenizer are made for; other libraries ignore it.
    package func write(to folder: URL, format: PromptStyle) throws {
        let prompt: [String: JSON] = ["decant_prompt": .string(format.rawValue)]
        let configuration = JSON.object(Self.configurationJSON.merging(prompt) { first, _ in first })
        try Data(tokenizerJSON.prettyText.utf8).write(to: folder.appending(path: Self.file))
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
