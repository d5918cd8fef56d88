import CanonicalJSON
import ChatTemplates
import Foundation

/// What a folder says about its tokenizer beside `tokenizer.json`: special tokens by their roles, added tokens, chat templates.
///
/// It is put together as `transformers` 5 does: `special_tokens_map.json` and `added_tokens.json` count where
/// `tokenizer_config.json` has no `added_tokens_decoder`, and then before it.
struct TokenizerSettings: Sendable {
    /// `tokenizer_config.json` with what the other files add.
    var members: [String: JSON]
    /// The file that the chat template stands in.
    private(set) var templateSource = file

    static let file = "tokenizer_config.json"
    static let templateFile = "chat_template.jinja"
    static let mapFile = "special_tokens_map.json"
    static let legacyFile = "added_tokens.json"

    /// The roles that `transformers` knows; other names that end so are the model's own.
    private static let roles = ["bos_token", "eos_token", "unk_token", "sep_token", "pad_token", "cls_token", "mask_token"]

    init(readingFolder folder: ModelFolder) throws(ModelFileError) {
        members = folder.has(Self.file) ? try folder.readJSON(Self.file).object ?? [:] : [:]
        if members["added_tokens_decoder"] == nil {
            if folder.has(Self.mapFile) {
                members.merge(try folder.readJSON(Self.mapFile).object ?? [:]) { _, other in other }
            }
            if folder.has(Self.legacyFile) { try addLegacyTokens(try folder.readJSON(Self.legacyFile)) }
        }
        if let template = FileManager.default.contents(atPath: folder.url.appending(path: Self.templateFile).path) {
            guard let text = String(validating: template, as: UTF8.self) else {
                throw ModelFileError(file: Self.templateFile, reason: "the file is not UTF-8")
            }
            members["chat_template"] = .string(text)
            templateSource = Self.templateFile
        }
    }

    var json: JSON { .object(members) }

    /// The spelling of a role's token.
    func token(_ role: String) -> String? { Self.spelling(members[role]) }

    /// The tokens that templates know by their roles: `bos_token`, `eos_token`, and those of the model's own.
    var namedTokens: [String: String] {
        var tokens: [String: String] = [:]
        for role in Self.roles { tokens[role] = token(role) }
        for (name, value) in members where name.hasSuffix("_token") && !Self.roles.contains(name) {
            tokens[name] = value.string
        }
        for (name, value) in members["extra_special_tokens"]?.object ?? [:] { tokens[name] = Self.spelling(value) }
        return tokens
    }

    /// The chat templates with their names; one without a name is the only one.
    var templates: [(name: String, source: String)] {
        if let source = members["chat_template"]?.string { return [("default", source)] }
        return (members["chat_template"]?.array ?? []).compactMap { template in
            guard let name = template["name"]?.string, let source = template["template"]?.string else { return nil }
            return (name, source)
        }
    }

    /// A token's text, stated as a string or as the library's `AddedToken`.
    private static func spelling(_ json: JSON?) -> String? { json?.string ?? json?["content"]?.string }

    /// Tokens of an old folder: an object of ids by text. They are normal text unless they have a role.
    private mutating func addLegacyTokens(_ json: JSON) throws(ModelFileError) {
        let special = Set(Self.roles.compactMap { token($0) } + listedTokens.compactMap { Self.spelling($0) })
        var decoder: [String: JSON] = [:]
        for (content, id) in json.writtenMembers {
            guard let id = id.integer else {
                throw ModelFileError(file: Self.legacyFile, reason: "the id of '\(content)' is no whole number")
            }
            let isSpecial = special.contains(content)
            decoder[String(id)] = [
                "content": .string(content), "special": .bool(isSpecial), "normalized": .bool(!isSpecial), "lstrip": false,
                "rstrip": false, "single_word": false,
            ]
        }
        members["added_tokens_decoder"] = .object(decoder)
    }

    /// Special tokens without a role.
    private var listedTokens: [JSON] {
        (members["extra_special_tokens"]?.array ?? []) + (members["additional_special_tokens"]?.array ?? [])
    }
}

// MARK: Added tokens

extension TokenizerSettings {
    /// A `tokenizer.json` with the added tokens that the settings have and it has not, or has otherwise.
    ///
    /// - Throws: where a token would have another id than the settings say.
    func completing(_ tokenizer: JSON) throws(ModelFileError) -> JSON {
        var added = tokenizer["added_tokens"]?.array ?? []
        var places: [Spelling: Int] = [:]
        for (place, token) in added.enumerated() {
            if let content = token["content"]?.string { places[Spelling(content)] = place }
        }
        lazy var ids = VocabularyIDs(tokenizer)
        var isChanged = false
        func add(_ token: [String: JSON], stated: Int?) throws(ModelFileError) {
            guard let content = token["content"]?.string, !content.isEmpty else { return }
            if let place = places[Spelling(content)] {
                // A role's token that is there already stays as it is.
                guard stated != nil else { return }
                let changed = added[place].object.map { JSON.object($0.merging(token) { _, new in new }) } ?? added[place]
                if changed != added[place] { (added[place], isChanged) = (changed, true) }
                return
            }
            let id = ids.take(content)
            guard stated == nil || stated == id else {
                throw ModelFileError(
                    file: Self.file,
                    reason:
                        "its added_tokens_decoder gives the token '\(content)' the id \(stated ?? 0), and \(Tokenizer.file) would "
                        + "give it \(id); save the tokenizer anew with transformers")
            }
            places[Spelling(content)] = added.count
            added.append(.object(token.merging(["id": .count(id)]) { _, new in new }))
            isChanged = true
        }
        for (id, token) in try statedTokens() { try add(token, stated: id) }
        for role in namedTokens.keys.sorted() {
            if Self.isPadding(role), let token = namedTokens[role], places[Spelling(token)] == nil, !ids.has(token) { continue }
            try add(Self.added(members[role] ?? .null, namedTokens[role]), stated: nil)
        }
        for token in listedTokens { try add(Self.added(token, Self.spelling(token)), stated: nil) }
        guard isChanged, var document = tokenizer.object else { return tokenizer }
        document["added_tokens"] = .array(added.sorted { ($0["id"]?.integer ?? 0) < ($1["id"]?.integer ?? 0) })
        return .object(document)
    }

    /// A padding token that the vocabulary lacks would need a row of its own, and no text has it.
    private static func isPadding(_ role: String) -> Bool { role == "pad_token" }

    /// `added_tokens_decoder`, by rising id.
    private func statedTokens() throws(ModelFileError) -> [(id: Int, token: [String: JSON])] {
        var tokens: [(id: Int, token: [String: JSON])] = []
        for (key, token) in members["added_tokens_decoder"]?.object ?? [:] {
            guard let id = Int(key), token["content"]?.string != nil else {
                throw ModelFileError(
                    file: Self.file, reason: "its added_tokens_decoder has the id '\(key)' without a token's content")
            }
            tokens.append((id, Self.added(token, token["content"]?.string, isSpecial: token["special"] == true)))
        }
        return tokens.sorted { $0.id < $1.id }
    }

    /// An added token with all its flags.
    private static func added(_ json: JSON, _ content: String?, isSpecial: Bool = true) -> [String: JSON] {
        guard let content else { return [:] }
        return [
            "content": .string(content), "special": .bool(isSpecial), "single_word": .bool(json["single_word"] == true),
            "lstrip": .bool(json["lstrip"] == true), "rstrip": .bool(json["rstrip"] == true),
            "normalized": json["normalized"] ?? .bool(!isSpecial),
        ]
    }
}

/// The ids of a vocabulary, to give new tokens those that the `tokenizers` library gives them.
private struct VocabularyIDs {
    private var ids: [Spelling: Int] = [:]
    private var next: Int

    init(_ tokenizer: JSON) {
        let vocabulary = tokenizer["model"]?["vocab"] ?? .null
        for (token, id) in vocabulary.sortedMembers { ids[Spelling(token)] = id.integer }
        for (id, piece) in (vocabulary.array ?? []).enumerated() {
            if let spelling = piece[0]?.string { ids[Spelling(spelling)] = id }
        }
        let added = (tokenizer["added_tokens"]?.array ?? []).compactMap { $0["id"]?.integer }
        next = max(ids.count, (added.max() ?? -1) + 1)
    }

    func has(_ token: String) -> Bool { ids[Spelling(token)] != nil }

    mutating func take(_ token: String) -> Int {
        if let id = ids[Spelling(token)] { return id }
        defer { next += 1 }
        return next
    }
}
