import CanonicalJSON

/// A tokenizer with fewer tokens.
extension Tokenizer {
    /// The tokenizer with these tokens alone, and with the merges that join two of them into one.
    ///
    /// - Throws: where the rest is no tokenizer, as without `indispensableTokens`.
    package func keeping(_ tokens: TokenSelection) throws(ModelFileError) -> Tokenizer {
        var document = rest { tokens[$0] ?? $0 }
        var model = document["model"]?.object ?? [:]
        switch self.model {
        case .unigrams(let scores, let unknown, _):
            model["vocab"] = .array(
                tokens.kept.filter { $0 < scores.count }.map { [.string(spellings[$0] ?? ""), .number(scores[$0])] })
            model["unk_id"] = .count(tokens[unknown] ?? 0)
        case .bytePairs(_, let merges):
            model["vocab"] = .object(byBytes: vocabulary(keeping: tokens))
            let joining = merges.filter { merge in
                [merge.pair.left, merge.pair.right, merge.token].allSatisfy { tokens[$0] != nil }
            }
            model["merges"] = .array(
                joining.map { [.string(spellings[$0.pair.left] ?? ""), .string(spellings[$0.pair.right] ?? "")] })
        }
        document["model"] = .object(model)
        document["added_tokens"] = .array(
            addedTokens.sorted { $0.id < $1.id }.compactMap { token in
                guard let id = tokens[token.id] else { return nil }
                var token = token
                token.id = id
                return token.json
            })
        return try Tokenizer(parsing: .object(document))
    }

    /// The model's own tokens with their new ids.
    private func vocabulary(keeping tokens: TokenSelection) -> [(String, JSON)] {
        let others = Set(addedTokens.filter { !$0.isInVocabulary }.map(\.id))
        return tokens.kept.enumerated().compactMap { id, token in
            guard !others.contains(token), let spelling = spellings[token] else { return nil }
            return (spelling, JSON.count(id))
        }
    }

    /// The file without its vocabulary, with other ids where steps behind the model name tokens.
    private func rest(_ renumber: (Int) -> Int) -> [String: JSON] {
        var document = pipeline.document.object ?? [:]
        document["post_processor"] = document["post_processor"].map { Self.renumbered($0, renumber) }
        document["padding"] = document["padding"].map { padding in
            padding.mapMembers { name, value in name == "pad_id" ? value.renumbered(renumber) : value }
        }
        return document
    }

    /// Templates name tokens by their text and ids, and the processors of BERT and RoBERTa by text and id.
    private static func renumbered(_ processor: JSON, _ renumber: (Int) -> Int) -> JSON {
        processor.mapMembers { name, value in
            switch name {
            case "processors": .array((value.array ?? []).map { renumbered($0, renumber) })
            case "special_tokens":
                value.mapMembers { _, token in
                    token.mapMembers { name, ids in name == "ids" ? ids.renumbered(renumber) : ids }
                }
            case "cls", "sep": value.renumbered(renumber)
            default: value
            }
        }
    }
}

extension JSON {
    /// An id, or a list with ids in it, under other numbers.
    fileprivate func renumbered(_ renumber: (Int) -> Int) -> JSON {
        if let elements = array { return .array(elements.map { $0.renumbered(renumber) }) }
        return integer.map { .count(renumber($0)) } ?? self
    }
}

/// What a tokenizer cannot do without.
extension Tokenizer {
    /// The tokens that any text can be spelled with, those for what has no token, and those that the file itself names.
    var indispensableTokens: Set<Int> {
        var tokens = Set(addedTokens.map(\.id)).union(spellingTokens)
        _ = rest { id in
            tokens.insert(id)
            return id
        }
        switch model {
        case .unigrams(let scores, let unknown, _):
            tokens.insert(unknown)
            // How unlikely unknown text is follows from the least likely token.
            if let least = scores.indices.min(by: { scores[$0] < scores[$1] }) { tokens.insert(least) }
        case .bytePairs:
            let unknown = (pipeline.document["model"]?["unk_token"]?.string).map { Spelling($0) }
            if let unknown, let id = spellings.firstIndex(where: { $0.map { Spelling($0) } == unknown }) { tokens.insert(id) }
        }
        return tokens.filter { spellings.indices.contains($0) && spellings[$0] != nil }
    }

    /// Those of the bytes that stand for what has no token. Where they become text again, the characters that are common
    /// everywhere beside them: ASCII's, and the mark of a space. Elsewhere all single characters, and all tokens with characters
    /// that are no tokens alone.
    private var spellingTokens: Set<Int> {
        let bytes = hasByteFallback ? ids { CharacterTokens.byte(spelled: $0) != nil } : []
        if bytes.count == 256, pipeline.decoder.steps?.contains(.byteFallback) == true {
            return bytes.union(ids { Self.single($0).map { $0.isASCII || $0 == Self.spaceMark } ?? false })
        }
        let known = Set(spellings.compactMap { $0.flatMap(Self.single) })
        return bytes.union(
            ids { spelling in
                if CharacterTokens.byte(spelled: spelling) != nil { return false }
                return Self.single(spelling) != nil || !known.isSuperset(of: spelling.unicodeScalars)
            })
    }

    private func ids(where isWanted: (String) -> Bool) -> Set<Int> {
        Set(spellings.indices.filter { spellings[$0].map(isWanted) ?? false })
    }

    /// The character of a token that is one alone.
    private static func single(_ spelling: String) -> Unicode.Scalar? {
        let scalars = spelling.unicodeScalars
        return scalars.dropFirst().isEmpty ? scalars.first : nil
    }

    /// What SentencePiece's vocabularies have for a space.
    private static let spaceMark: Unicode.Scalar = "▁"

    private var hasByteFallback: Bool {
        switch model {
        case .unigrams(_, _, let fallsBack): fallsBack
        case .bytePairs: pipeline.document["model"]?["byte_fallback"] == true
        }
    }
}
