import CanonicalJSON
import Foundation
import Words

extension Tokenizer {
    static let file = "tokenizer.json"

    /// Reads `tokenizer.json` of a model folder.
    package init(readingFolder folder: URL) throws(ModelFileError) {
        try self.init(parsing: ModelFolder(folder).readTokenizer())
    }

    /// Reads the contents of a `tokenizer.json` of the `tokenizers` library.
    ///
    /// It supports BPE, of bytes and of characters, and Unigram.
    /// - Throws: an error that names what is not supported.
    package init(parsing json: JSON) throws(ModelFileError) {
        do throws(TokenizerFault) {
            let pipeline = try TextPipeline(parsing: json)
            let added = try Self.addedTokens(json)
            let stated = try Self.statedVocabulary(json["model"])
            let (spellings, ids) = try Self.vocabulary(stated.ids, added: added, isByteLevel: pipeline.isByteLevel)
            if let id = (pipeline.frame.before + pipeline.frame.after).first(where: { !spellings.indices.contains($0) }) {
                throw TokenizerFault("its post_processor adds the token \(id), which does not exist")
            }
            let model: Model
            if let scores = stated.scores {
                model = try Self.unigrams(json["model"], scores)
            } else {
                model = .bytePairs(
                    start: try Self.start(json["model"], ids: ids, isByteLevel: pipeline.isByteLevel),
                    merges: try Self.merges(json, ids: ids))
            }
            self.init(spellings: spellings, model: model, addedTokens: added, pipeline: pipeline)
        } catch {
            throw ModelFileError(file: Self.file, reason: error.description)
        }
    }

    private static func addedTokens(_ json: JSON) throws(TokenizerFault) -> [AddedToken] {
        var tokens: [AddedToken] = []
        let vocabulary = Set(try statedVocabulary(json["model"]).ids.map { Spelling($0.spelling) })
        for (index, value) in (json["added_tokens"]?.array ?? []).enumerated() {
            guard let id = value["id"]?.integer, let content = value["content"]?.string, !content.isEmpty else {
                throw TokenizerFault("added token \(index) has no id or no content")
            }
            tokens.append(
                AddedToken(
                    id: id, content: content, isSpecial: value["special"] == true,
                    isInVocabulary: vocabulary.contains(Spelling(content)), isNormalized: value["normalized"] == true,
                    isWholeWord: value["single_word"] == true, takesSpaceBefore: value["lstrip"] == true,
                    takesSpaceAfter: value["rstrip"] == true))
        }
        return tokens
    }

    /// The model's own tokens with their ids, and for a Unigram model their scores.
    private static func statedVocabulary(
        _ model: JSON?
    ) throws(TokenizerFault) -> (ids: [(spelling: String, id: Int)], scores: [Double]?) {
        let type = model?["type"]?.string ?? (model?["merges"] != nil ? "BPE" : model?["vocab"]?.array != nil ? "Unigram" : nil)
        switch type {
        case "BPE":
            guard model?["vocab"]?.object != nil, let members = model?["vocab"]?.sortedMembers else {
                throw TokenizerFault("the model has no vocab")
            }
            var ids: [(String, Int)] = []
            ids.reserveCapacity(members.count)
            for (spelling, value) in members {
                guard let id = value.integer else { throw TokenizerFault("the id of token '\(spelling)' is not an integer") }
                ids.append((spelling, id))
            }
            return (ids, nil)
        case "Unigram":
            guard let pieces = model?["vocab"]?.array else { throw TokenizerFault("the model has no vocab") }
            var ids: [(String, Int)] = []
            var scores: [Double] = []
            for (id, piece) in pieces.enumerated() {
                guard let spelling = piece[0]?.string, let score = piece[1]?.double, score.isFinite else {
                    throw TokenizerFault("the token \(id) has no text or no score")
                }
                ids.append((spelling, id))
                scores.append(score)
            }
            return (ids, scores)
        case nil: throw TokenizerFault("there is no model with a type")
        case let type?: throw TokenizerFault("the model is a '\(type)'; those that can be read are BPE and Unigram")
        }
    }

    private static func unigrams(_ model: JSON?, _ scores: [Double]) throws(TokenizerFault) -> Model {
        guard let unknown = model?["unk_id"]?.integer, scores.indices.contains(unknown) else {
            throw TokenizerFault("its Unigram model has no unk_id among its \(scores.count) tokens, which unknown text needs")
        }
        return .unigrams(scores: scores, unknown: unknown, fallsBack: model?["byte_fallback"] == true)
    }

    /// The spelling of every id, and the id of every spelling. A few ids may have no token.
    private static func vocabulary(
        _ stated: [(spelling: String, id: Int)], added: [AddedToken], isByteLevel: Bool
    ) throws(TokenizerFault) -> (spellings: [String?], ids: [Spelling: Int]) {
        var ids: [Spelling: Int] = [:]
        ids.reserveCapacity(stated.count + added.count)
        for (spelling, id) in stated {
            guard ids.updateValue(id, forKey: Spelling(spelling)) == nil else {
                throw TokenizerFault("the token '\(spelling)' stands twice, under the id \(id) too")
            }
        }
        for token in added {
            if let id = ids[Spelling(token.content)], id != token.id {
                throw TokenizerFault("the added token '\(token.content)' has the id \(token.id) and in the vocab the id \(id)")
            }
            ids[Spelling(token.content)] = token.id
        }
        let contents = Set(added.map { Spelling($0.content) })
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
            guard !isByteLevel || ByteAlphabet.append(bytesSpelled: spelling.text, to: &bytes) || contents.contains(spelling)
            else {
                throw TokenizerFault("the token '\(spelling)' is not spelled in byte symbols")
            }
            while spellings.count < id { spellings.append(nil) }
            spellings.append(spelling.text)
        }
        return (spellings, ids)
    }

    private static func start(
        _ model: JSON?, ids: [Spelling: Int], isByteLevel: Bool
    ) throws(TokenizerFault) -> BytePairEncoder.Start {
        let joinsUnknown = model?["fuse_unk"] == true
        let fallsBack = model?["byte_fallback"] == true
        let bytes = (UInt8.min...UInt8.max).map { byte in
            ids[Spelling(isByteLevel ? ByteAlphabet.spelling(of: [byte]) : CharacterTokens.spelling(of: byte))]
        }
        var unknown: Int?
        if let name = model?["unk_token"]?.string {
            // The model's own vocabulary must have it, where some text has no other token.
            unknown = model?["vocab"]?[name]?.integer
            let isNeeded = bytes.contains(nil) || !(isByteLevel || fallsBack)
            guard unknown != nil || !isNeeded else { throw TokenizerFault("the unk_token '\(name)' is not in the vocab") }
        }
        guard isByteLevel else {
            return .characters(CharacterTokens(ids, fallsBack: fallsBack, unknown: unknown, joinsUnknown: joinsUnknown))
        }
        guard !fallsBack else {
            throw TokenizerFault("the model sets 'byte_fallback' with a pre_tokenizer 'ByteLevel', which is not supported")
        }
        var tokens = ByteTokens(bytes)
        tokens.unknown = unknown
        tokens.joinsUnknown = joinsUnknown
        return .bytes(tokens)
    }

    private static func merges(_ json: JSON, ids: [Spelling: Int]) throws(TokenizerFault) -> [TokenMerge] {
        guard let list = json["model"]?["merges"]?.array else { throw TokenizerFault("the model has no merges") }
        var merges: [TokenMerge] = []
        var seen: Set<TokenPair> = []
        merges.reserveCapacity(list.count)
        seen.reserveCapacity(list.count)
        for (index, value) in list.enumerated() {
            let parts =
                value.string?.unicodeScalars.split(separator: " ", omittingEmptySubsequences: false).map { String($0) }
                ?? value.array?.compactMap(\.string) ?? []
            guard parts.count == 2 else { throw TokenizerFault("merge \(index) does not name two tokens") }
            func id(_ spelling: String) throws(TokenizerFault) -> Int {
                guard let id = ids[Spelling(spelling)] else {
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
        var model = pipeline.document["model"]?.object ?? [:]
        switch self.model {
        case .unigrams(let scores, _, _):
            model["vocab"] = .array(zip(spellings, scores).map { [.string($0 ?? ""), .number($1)] })
        case .bytePairs(_, let merges):
            let addedIds = Set(addedTokens.map(\.id))
            var vocabulary: [(String, JSON)] = []
            for (id, spelling) in spellings.enumerated() where !addedIds.contains(id) {
                if let spelling { vocabulary.append((spelling, .integer(Int64(id)))) }
            }
            for token in addedTokens where token.isInVocabulary {
                vocabulary.append((token.content, .integer(Int64(token.id))))
            }
            model["vocab"] = .object(byBytes: vocabulary)
            model["merges"] = .array(
                merges.map { [.string(spellings[$0.pair.left] ?? ""), .string(spellings[$0.pair.right] ?? "")] })
        }
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
    /// - Parameters:
    ///   - format: the prompts that models with this tokenizer are made for; other libraries ignore it.
    ///   - signature: what these prompts say of a function.
    package func write(to folder: URL, format: PromptStyle, signature: SignatureForm = .types) throws {
        var prompt: [String: JSON] = ["decant_prompt": .string(format.rawValue)]
        if signature != .types { prompt[TokenizerSettings.signatureMember] = .string(signature.rawValue) }
        let configuration = JSON.object(Self.configurationJSON.merging(prompt) { first, _ in first })
        try Data(tokenizerJSON.prettyText.utf8).write(to: folder.appending(path: Self.file))
        try Data(configuration.prettyText.utf8).write(to: folder.appending(path: "tokenizer_config.json"))
    }
}

extension AddedToken {
    var json: JSON {
        [
            "id": .integer(Int64(id)), "content": .string(content), "special": .bool(isSpecial),
            "single_word": .bool(isWholeWord), "lstrip": .bool(takesSpaceBefore), "rstrip": .bool(takesSpaceAfter),
            "normalized": .bool(isNormalized),
        ]
    }
}
