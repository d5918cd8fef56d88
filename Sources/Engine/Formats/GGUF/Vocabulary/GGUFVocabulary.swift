import CanonicalJSON

/// A BPE vocabulary as GGUF's metadata hold it.
struct GGUFVocabulary {
    /// What a token is, under the format's numbers.
    enum Kind: Int {
        case normal = 1
        case unknown, control, userDefined, unused, byte
    }

    var tokens: [String]
    /// One for each token.
    var kinds: [Kind]
    var merges: [MergeScores.Pair]
    /// Of SentencePiece's vocabularies, one for each token; empty for others.
    var scores: [Float] = []
}

// MARK: As tokenizer.json

extension GGUFVocabulary {
    /// The ids that only added tokens have follow all others; those in between are in the vocabulary as well.
    private var vocabularySize: Int {
        let merged = Set(merges.map { Spelling($0.left + $0.right) })
        let last = kinds.indices.last { id in
            [.normal, .byte, .unknown].contains(kinds[id]) || kinds[id] == .userDefined && merged.contains(Spelling(tokens[id]))
        }
        return (last ?? -1) + 1
    }

    private var addedTokens: [Int] {
        kinds.indices.filter { kinds[$0] == .control || kinds[$0] == .userDefined || kinds[$0] == .unknown }
    }

    private var unknown: Int? { kinds.firstIndex(of: .unknown) }

    /// The contents of `tokenizer.json`, in the shape that the form's own files have.
    ///
    /// - Parameters:
    ///   - begin: the token before every text, where there is one.
    ///   - end: the token behind it.
    func tokenizerJSON(_ form: any TokenizerForm, begin: Int?, end: Int? = nil) -> JSON {
        func named(_ id: Int?) -> TokenName? { id.map { ($0, tokens[$0]) } }
        var model: [String: JSON] = [
            "type": "BPE", "dropout": nil, "continuing_subword_prefix": nil, "end_of_word_suffix": nil,
            "vocab": .object(byBytes: (0..<vocabularySize).map { (tokens[$0], .integer(Int64($0))) }),
            "merges": .array(merges.map { [.string($0.left), .string($0.right)] }),
        ]
        model.merge(form.modelMembers(unknown: unknown.map { tokens[$0] })) { _, own in own }
        return [
            "version": "1.0", "truncation": nil, "padding": nil,
            "added_tokens": .array(
                addedTokens.map { id in
                    let content = members(ofAdded: id)
                    return .object(content.merging(["id": .integer(Int64(id))]) { first, _ in first })
                }),
            "normalizer": form.normalizer, "pre_tokenizer": form.preTokenizer,
            "post_processor": form.postProcessor(begin: named(begin), end: named(end)), "decoder": form.decoder,
            "model": .object(model),
        ]
    }

    private func members(ofAdded id: Int) -> [String: JSON] {
        [
            "content": .string(tokens[id]), "special": .bool(kinds[id] != .userDefined), "single_word": false,
            "lstrip": false, "rstrip": false, "normalized": false,
        ]
    }
}

// MARK: Scores

extension GGUFVocabulary {
    /// A user-defined token's score in files that llama.cpp's own converter made: it is found in the raw text, before any other.
    private static let scoreOfUserDefined: Float = -1000

    private var isOfCharacters: Bool { !scores.isEmpty }

    /// The ids of tokens that merges can make.
    private var ordinary: [Int] { kinds.indices.filter { kinds[$0] == .normal || kinds[$0] == .userDefined } }

    /// Gives each token the score of its merges.
    ///
    /// - Returns: whether joining by scores is joining by the list of merges.
    mutating func setScores() -> Bool {
        let merged = MergeScores(merges, of: ordinary.map { tokens[$0] })
        scores = tokens.map { merged.scores[Spelling($0)] ?? 0 }
        return merged.areExact
    }

    /// The merges that the scores stand for.
    var mergesOfScores: [MergeScores.Pair] {
        let ids = Dictionary(ordinary.map { (Spelling(tokens[$0]), $0) }) { first, _ in first }
        return MergeScores.merges(
            ordinary.map { id in
                let isFirst = kinds[id] == .userDefined && scores[id] == Self.scoreOfUserDefined
                return (tokens[id], id, isFirst ? .infinity : scores[id])
            }, ids: ids)
    }

    /// The way back from `stored`.
    mutating func markUserDefinedSpaces() {
        for id in tokens.indices where kinds[id] == .userDefined {
            tokens[id] = tokens[id].replacing(" ", with: SentencePieces.space)
        }
    }

    /// The tokens as the file has them: llama.cpp looks for user-defined ones in the raw text, where a space is a space.
    var stored: [String] {
        guard isOfCharacters else { return tokens }
        return tokens.indices.map {
            kinds[$0] == .userDefined ? tokens[$0].replacing(SentencePieces.space, with: " ") : tokens[$0]
        }
    }
}

// MARK: From tokenizer.json

extension GGUFVocabulary {
    /// The vocabulary of a `tokenizer.json`, with names for the rows of the embedding that have no token.
    ///
    /// - Parameter isOfCharacters: whether it is SentencePiece's, and not one of bytes.
    /// - Throws: `ModelFileError` where the embedding is too small for it.
    init(_ tokenizer: JSON, rows: Int, isOfCharacters: Bool) throws(ModelFileError) {
        func refused(_ reason: String) -> ModelFileError { ModelFileError(file: Tokenizer.file, reason: reason) }
        tokens = (0..<rows).map { "[PAD\($0)]" }
        kinds = Array(repeating: .unused, count: rows)
        merges = []
        let unknown = (tokenizer["model"]?["unk_token"]?.string).map { Spelling($0) }
        for (token, value) in tokenizer["model"]?["vocab"]?.sortedMembers ?? [] {
            guard let id = value.integer, tokens.indices.contains(id) else {
                throw refused("the token '\(token)' has no row among the embedding's \(rows)")
            }
            let isByte = isOfCharacters && CharacterTokens.byte(spelled: token) != nil
            (tokens[id], kinds[id]) = (token, isByte ? .byte : .normal)
        }
        for token in tokenizer["added_tokens"]?.array ?? [] {
            guard let id = token["id"]?.integer, tokens.indices.contains(id), let content = token["content"]?.string else {
                throw refused("the added token \(token.canonicalText) has no row among the embedding's \(rows)")
            }
            tokens[id] = content
            kinds[id] = token["special"] != true ? .userDefined : Spelling(content) == unknown ? .unknown : .control
        }
        for merge in tokenizer["model"]?["merges"]?.array ?? [] {
            guard let pair = Self.pair(merge.array?.compactMap(\.string) ?? merge.string.map(Self.halves) ?? []) else {
                throw refused("the merge \(merge.canonicalText) is not of two tokens")
            }
            merges.append(pair)
        }
    }

    /// `Ġ the` as two texts.
    static func halves(of merge: String) -> [String] {
        merge.unicodeScalars.split(separator: " ", omittingEmptySubsequences: false).map { String($0) }
    }

    static func pair(_ halves: [String]) -> MergeScores.Pair? {
        halves.count == 2 && halves.allSatisfy { !$0.isEmpty } ? (halves[0], halves[1]) : nil
    }
}
