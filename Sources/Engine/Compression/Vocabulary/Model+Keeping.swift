import CanonicalJSON
import Words

extension Model {
    /// The model over these tokens alone: the rows of all others leave the embedding and the head. The logits of those that stay
    /// are what they were.
    package func keeping(_ tokens: TokenSelection) -> Model {
        var smaller = configuration
        smaller.vocabularySize = tokens.kept.count
        smaller.knownTokens = nil
        smaller.controlTokens = configuration.controlTokens.keeping(tokens)
        var model = Model(zeros: smaller)
        let pairs = Array(zip(parameters, model.parameters))
        values.withUnsafeBufferPointer { source in
            model.values.withUnsafeMutableBufferPointer { target in
                for (old, new) in pairs {
                    let width = old.columns
                    guard old.axes.first == .vocabulary else {
                        _ = target[new.range].update(fromContentsOf: source[old.range])
                        continue
                    }
                    var place = new.offset
                    for token in tokens.kept {
                        let row = old.offset + token * width
                        place = target[place...].update(fromContentsOf: source[row..<row + width])
                    }
                }
            }
        }
        return model
    }
}

extension ControlTokens {
    fileprivate func keeping(_ tokens: TokenSelection) -> ControlTokens {
        ControlTokens(
            begin: begin.flatMap { tokens[$0] }, end: end.compactMap { tokens[$0] }, padding: padding.flatMap { tokens[$0] })
    }
}

extension ModelFolder {
    /// The tokens that texts need, those that the folder's files name, and so many of the others as are wanted.
    ///
    /// - Parameters:
    ///   - used: the tokens of all texts that must stay the same tokens.
    ///   - multiple: their number is rounded up to one of it.
    package func selection(used: Set<Int>, keeping amount: KeptVocabulary, multiple: Int) throws -> TokenSelection {
        let tokenizer = try tokenizer()
        let named = try namedTokens().filter { tokenizer.spellings.indices.contains($0) && tokenizer.spellings[$0] != nil }
        return try TokenSelection(of: tokenizer, used: used.union(named), keeping: amount, multiple: multiple)
    }

    /// Writes the model of another folder with these tokens alone: weights, configurations and tokenizer.
    ///
    /// - Returns: both models.
    /// - Throws: `ModelFileError` where a file cannot be read, or names tokens that cannot get other ids.
    package func write(_ source: ModelFolder, keeping tokens: TokenSelection) throws -> (whole: Model, smaller: Model) {
        let whole = try source.model()
        let smaller = whole.keeping(tokens)
        try write(smaller)
        if source.has(Self.generationFile) { try write(source.generation(keeping: tokens), to: Self.generationFile) }
        try write(source.tokenizer().keeping(tokens).tokenizerJSON, to: Tokenizer.file)
        var settings = try TokenizerSettings(readingFolder: source)
        settings.keep(tokens)
        try write(settings.json, to: TokenizerSettings.file)
        return (whole, smaller)
    }
}

// MARK: Ids in configurations

extension ModelFolder {
    /// Members of `generation_config.json` with tokens that are never written: those that went are not.
    private static let suppressing = ["suppress_tokens", "begin_suppress_tokens"]
    /// Members with tokens among other numbers.
    private static let unknown = ["bad_words_ids", "force_words_ids", "forced_decoder_ids", "sequence_bias"]

    private static func namesTokens(_ member: String) -> Bool { member.hasSuffix("_token_id") }

    /// Where texts begin and end, and what pads them, as the configurations have it.
    private func namedTokens() throws -> Set<Int> {
        let control = try ModelConfiguration(json: readJSON(Self.configurationFile)).controlTokens
        var ids = Set([control.begin, control.padding].compactMap(\.self) + control.end)
        guard has(Self.generationFile) else { return ids }
        for (name, value) in try readJSON(Self.generationFile).sortedMembers where Self.namesTokens(name) {
            ids.formUnion((value.array ?? [value]).compactMap(\.integer))
        }
        return ids
    }

    /// `generation_config.json` with the new ids.
    private func generation(keeping tokens: TokenSelection) throws(ModelFileError) -> JSON {
        let generation = try readJSON(Self.generationFile)
        if let name = Self.unknown.first(where: { generation[$0] ?? .null != .null }) {
            throw ModelFileError(
                file: Self.generationFile, reason: "it has '\(name)', whose tokens cannot get other ids; take it out")
        }
        return generation.mapMembers { name, value in
            guard Self.namesTokens(name) || Self.suppressing.contains(name) else { return value }
            if let ids = value.array { return .array(ids.compactMap { $0.integer.flatMap { tokens[$0] }.map(JSON.count) }) }
            return value.integer.flatMap { tokens[$0] }.map(JSON.count) ?? .null
        }
    }
}

extension TokenizerSettings {
    fileprivate mutating func keep(_ tokens: TokenSelection) {
        guard let decoder = members["added_tokens_decoder"]?.object else { return }
        let kept = decoder.compactMap { key, token in
            Int(key).flatMap { tokens[$0] }.map { (String($0), token) }
        }
        members["added_tokens_decoder"] = .object(Dictionary(kept, uniquingKeysWith: { first, _ in first }))
    }
}
