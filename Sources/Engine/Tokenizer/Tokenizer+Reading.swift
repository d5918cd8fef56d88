import CanonicalJSON
import Foundation

extension Tokenizer {
    /// Reads `tokenizer.json` of a model folder.
    public init(readingFolder folder: URL) throws(ModelFileError) {
        let file = "tokenizer.json"
        let bytes: Data
        do {
            bytes = try Data(contentsOf: folder.appending(path: file))
        } catch {
            throw ModelFileError(file: file, reason: "the file cannot be read; is this a model folder?")
        }
        let json: JSON
        do {
            json = try JSON(parsing: bytes)
        } catch {
            throw ModelFileError(file: file, reason: "the file is not JSON: \(error)")
        }
        try self.init(parsing: json)
    }

    /// Takes a tokenizer apart that the `tokenizers` library could have saved.
    ///
    /// Byte-level BPE with the pre-tokenizer that Decant trains is read; anything else is an error that names it.
    public init(parsing json: JSON, file: String = "tokenizer.json") throws(ModelFileError) {
        do {
            try Self.checkIsSupported(json)
            let added = try Self.addedTokens(json)
            let (spellings, ids) = try Self.vocabulary(json, added: added)
            self.init(
                spellings: spellings,
                byteTokens: try Self.byteTokens(ids),
                merges: try Self.merges(json, ids: ids),
                addedTokens: added)
        } catch {
            throw ModelFileError(file: file, reason: error.description)
        }
    }

    /// What is wrong with a tokenizer, as the end of a sentence that starts with the file's name.
    private struct Fault: Error, CustomStringConvertible {
        var description: String

        init(_ description: String) { self.description = description }
    }

    private static func checkIsSupported(_ json: JSON) throws(Fault) {
        guard let type = json["model"]?["type"]?.string ?? (json["model"]?["merges"] == nil ? nil : "BPE") else {
            throw Fault("there is no model with a type")
        }
        guard type == "BPE" else { throw Fault("the model is a '\(type)' and only byte-level BPE can be read") }
        for name in ["dropout", "unk_token", "continuing_subword_prefix", "end_of_word_suffix"] {
            if let value = json["model"]?[name], value != .null, value != "" {
                throw Fault("the model sets '\(name)', which is not supported")
            }
        }
        for name in ["byte_fallback", "ignore_merges"] where json["model"]?[name] == true {
            throw Fault("the model sets '\(name)', which is not supported")
        }
        for name in ["normalizer", "post_processor"] {
            if let value = json[name], value != .null {
                throw Fault("it has a \(name) ('\(value["type"]?.string ?? "?")'), which is not supported")
            }
        }
        guard json["pre_tokenizer"] == preTokenizerJSON else {
            throw Fault("its pre_tokenizer is not the one that Decant trains with; only tokenizers trained by Decant can be read")
        }
        guard json["decoder"]?["type"] == "ByteLevel" else { throw Fault("its decoder is not 'ByteLevel'") }
    }

    private static func addedTokens(_ json: JSON) throws(Fault) -> [AddedToken] {
        var tokens: [AddedToken] = []
        for (index, value) in (json["added_tokens"]?.array ?? []).enumerated() {
            guard let id = value["id"]?.integer, let content = value["content"]?.string, !content.isEmpty else {
                throw Fault("added token \(index) has no id or no content")
            }
            for name in ["single_word", "lstrip", "rstrip", "normalized"] where value[name] == true {
                throw Fault("the added token '\(content)' sets '\(name)', which is not supported")
            }
            tokens.append(AddedToken(id: id, content: content, isSpecial: value["special"] == true))
        }
        return tokens
    }

    /// The spelling of every id and the id of every spelling; ids run from 0 without gaps.
    private static func vocabulary(
        _ json: JSON, added: [AddedToken]
    ) throws(Fault) -> (spellings: [String], ids: [String: Int]) {
        guard let members = json["model"]?["vocab"]?.object else { throw Fault("the model has no vocab") }
        var ids: [String: Int] = [:]
        for (spelling, value) in members {
            guard let id = value.integer else { throw Fault("the id of token '\(spelling)' is not an integer") }
            ids[spelling] = id
        }
        for token in added {
            if let id = ids[token.content], id != token.id {
                throw Fault("the added token '\(token.content)' has the id \(token.id) and in the vocab the id \(id)")
            }
            ids[token.content] = token.id
        }
        var spellings = [String?](repeating: nil, count: ids.count)
        for (spelling, id) in ids.sorted(by: { ($0.value, $0.key) < ($1.value, $1.key) }) {
            guard spellings.indices.contains(id) else {
                throw Fault("token '\(spelling)' has the id \(id), which is out of range for \(ids.count) tokens")
            }
            if let other = spellings[id] { throw Fault("the tokens '\(other)' and '\(spelling)' share the id \(id)") }
            spellings[id] = spelling
        }
        let contents = Set(added.map(\.content))
        for spelling in spellings.compactMap(\.self)
        where !contents.contains(spelling) && ByteAlphabet.bytes(spelled: spelling) == nil {
            throw Fault("the token '\(spelling)' is not spelled in byte symbols")
        }
        return (spellings.compactMap(\.self), ids)
    }

    private static func byteTokens(_ ids: [String: Int]) throws(Fault) -> [Int] {
        var tokens: [Int] = []
        for byte in UInt8.min...UInt8.max {
            let symbol = ByteAlphabet.spelling(of: [byte])
            guard let id = ids[symbol] else { throw Fault("the vocab has no token '\(symbol)' for the byte \(byte)") }
            tokens.append(id)
        }
        return tokens
    }

    private static func merges(_ json: JSON, ids: [String: Int]) throws(Fault) -> [TokenMerge] {
        guard let list = json["model"]?["merges"]?.array else { throw Fault("the model has no merges") }
        var merges: [TokenMerge] = []
        var seen: Set<TokenPair> = []
        for (index, value) in list.enumerated() {
            let parts = value.string?.split(separator: " ", omittingEmptySubsequences: false).map(String.init)
                ?? value.array?.compactMap(\.string) ?? []
            guard parts.count == 2 else { throw Fault("merge \(index) does not name two tokens") }
            func id(_ spelling: String) throws(Fault) -> Int {
                guard let id = ids[spelling] else {
                    throw Fault(
                        "merge \(index) ('\(parts[0])', '\(parts[1])') needs the token '\(spelling)', which the vocab lacks")
                }
                return id
            }
            let pair = TokenPair(left: try id(parts[0]), right: try id(parts[1]))
            guard seen.insert(pair).inserted else { throw Fault("merge \(index) ('\(parts[0])', '\(parts[1])') stands twice") }
            merges.append(TokenMerge(pair: pair, token: try id(parts[0] + parts[1])))
        }
        return merges
    }
}
