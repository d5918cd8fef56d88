import CanonicalJSON
import Foundation

extension Tokenizer {
    /// Reads `tokenizer.json` of a model folder.
    package init(readingFolder folder: URL) throws(ModelFileError) {
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
    /// Byte-level BPE with the pre-tokenizers of GPT-2, Qwen2, Llama 3, SmolLM2 and Decant is read; anything else is an error
    /// that names it.
    package init(parsing json: JSON, file: String = "tokenizer.json") throws(ModelFileError) {
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
            throw ModelFileError(file: file, reason: error.description)
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

    /// The spelling of every id and the id of every spelling; a few ids may have no token.
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
