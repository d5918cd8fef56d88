import CanonicalJSON

/// A model folder's tokenizer as entries of GGUF's metadata.
struct GGUFTokenizerEntries {
    private enum Form {
        /// `nil` for cuts that GGUF has no name for, as those of Decant's own tokenizers.
        case bytes(BytePairFamily?)
        case sentencePieces(SentencePieces)
    }

    private let vocabulary: GGUFVocabulary
    private let form: Form
    private let pipeline: TextPipeline
    private let tokenizer: JSON
    private let settings: TokenizerSettings
    private let controlTokens: ControlTokens
    /// Whether the merges follow from the tokens' scores.
    private let scoresTellMerges: Bool
    /// What llama.cpp does otherwise with some texts, as sentences.
    private(set) var differences: [String] = []

    /// - Throws: `ModelFileError` for a tokenizer that GGUF cannot hold.
    init(tokenizer: JSON, settings: TokenizerSettings, for model: ModelConfiguration) throws(ModelFileError) {
        (self.tokenizer, self.settings, controlTokens) = (tokenizer, settings, model.controlTokens)
        do {
            pipeline = try TextPipeline(parsing: tokenizer)
        } catch {
            throw ModelFileError(file: Tokenizer.file, reason: error.description)
        }
        form = try Self.form(tokenizer, pipeline)
        switch form {
        case .bytes(let family):
            vocabulary = try GGUFVocabulary(tokenizer, rows: model.vocabularySize, isOfCharacters: false)
            scoresTellMerges = false
            if family == nil {
                differences = [
                    "GGUF has no name for the way in which this tokenizer cuts text; the file says '\(Self.nearest.rawValue)', the "
                        + "nearest, with which llama.cpp divides some texts otherwise"
                ]
            }
        case .sentencePieces(let pieces):
            var vocabulary = try GGUFVocabulary(tokenizer, rows: model.vocabularySize, isOfCharacters: true)
            let areExact = vocabulary.setScores()
            scoresTellMerges = vocabulary.mergesOfScores.elementsEqual(vocabulary.merges) { $0 == $1 }
            self.vocabulary = vocabulary
            differences = pieces.differences(pipeline)
            if !areExact {
                differences.append("llama.cpp joins tokens by scores, which this tokenizer's list of merges is not")
            }
        }
    }

    private static let nearest = BytePairFamily.gpt2

    private static func form(_ tokenizer: JSON, _ pipeline: TextPipeline) throws(ModelFileError) -> Form {
        let type = tokenizer["model"]?["type"]?.string ?? (tokenizer["model"]?["merges"] == nil ? "?" : "BPE")
        if type == "BPE", pipeline.isByteLevel { return .bytes(BytePairFamily(of: tokenizer)) }
        if type == "BPE", tokenizer["model"]?["byte_fallback"] == true, let pieces = SentencePieces(pipeline) {
            return .sentencePieces(pieces)
        }
        throw ModelFileError(
            file: Tokenizer.file,
            reason:
                "it is a tokenizer of the type '\(type)' that a GGUF file cannot hold: byte-level BPE can be written, and BPE "
                + "of characters with '\(SentencePieces.space)' for spaces and bytes for the rest; export safetensors")
    }

    func add(to header: inout GGUFHeader) {
        switch form {
        case .bytes(let family):
            header.add("tokenizer.ggml.model", "gpt2")
            header.add("tokenizer.ggml.pre", (family ?? Self.nearest).rawValue)
            header.add("tokenizer.ggml.add_space_prefix", false)
        case .sentencePieces(let pieces):
            header.add("tokenizer.ggml.model", "llama")
            header.add("tokenizer.ggml.pre", "default")
            header.add("tokenizer.ggml.add_space_prefix", pieces.putsSpaceBefore)
            header.add("tokenizer.ggml.scores", vocabulary.scores)
        }
        header.add("tokenizer.ggml.tokens", vocabulary.stored)
        header.add("tokenizer.ggml.token_type", vocabulary.kinds.map { Int32($0.rawValue) })
        if !scoresTellMerges { header.add("tokenizer.ggml.merges", vocabulary.merges.map { "\($0.left) \($0.right)" }) }
        header.add("tokenizer.ggml.add_bos_token", !pipeline.frame.before.isEmpty)
        header.add("tokenizer.ggml.add_eos_token", !pipeline.frame.after.isEmpty)
        add("bos", begin, to: &header)
        add("eos", end, to: &header)
        add("padding", id("pad_token") ?? controlTokens.padding, to: &header)
        add("unknown", id("unk_token"), to: &header)
        addTemplates(to: &header)
        if let prompt = settings.json["decant_prompt"]?.string { header.add("decant.prompt", prompt) }
        if !isTold { header.add("tokenizer.huggingface.json", tokenizer.canonicalText) }
    }

    private var begin: Int? { id("bos_token") ?? controlTokens.begin }
    private var end: Int? { id("eos_token") ?? controlTokens.end.first }

    private func add(_ name: String, _ id: Int?, to header: inout GGUFHeader) {
        if let id { header.add("tokenizer.ggml.\(name)_token_id", id) }
    }

    /// The template that is used where nobody names one, and those with names.
    private func addTemplates(to header: inout GGUFHeader) {
        let templates = settings.templates
        if let template = templates.first(where: { $0.name == "default" }) {
            header.add("tokenizer.chat_template", template.source)
        }
        let others = templates.filter { $0.name != "default" }
        if !others.isEmpty { header.add("tokenizer.chat_templates", others.map(\.name)) }
        for template in others { header.add("tokenizer.chat_template.\(template.name)", template.source) }
    }

    /// The id of a token that `tokenizer_config.json` names by its role.
    private func id(_ role: String) -> Int? {
        guard let content = settings.token(role) else { return nil }
        return vocabulary.tokens.firstIndex { Spelling($0) == Spelling(content) }
    }

    /// Whether reading the entries back gives a tokenizer that does the same.
    private var isTold: Bool {
        let told: any TokenizerForm
        switch form {
        case .bytes(let family):
            guard let family else { return false }
            told = family
        case .sentencePieces(let pieces): told = pieces
        }
        let (before, after) = (pipeline.frame.before, pipeline.frame.after)
        guard before.isEmpty || before.count == 1 && before[0] == begin, after.isEmpty || after.count == 1 && after[0] == end,
            let read = try? Tokenizer(parsing: vocabulary.tokenizerJSON(told, begin: before.first, end: after.first)),
            let own = try? Tokenizer(parsing: tokenizer)
        else { return false }
        return read.does(theSameAs: own)
    }
}

extension Tokenizer {
    /// Whether another tokenizer gives the same tokens and texts.
    fileprivate func does(theSameAs other: Tokenizer) -> Bool {
        guard case .bytePairs(_, let merges) = model, case .bytePairs(_, let others) = other.model, merges == others else {
            return false
        }
        return names == other.names && added == other.added && membersOfModel == other.membersOfModel
            && pipeline.does(theSameAs: other.pipeline)
    }

    private var names: [Spelling?] { spellings.map { spelling in spelling.map { Spelling($0) } } }

    private var added: [AddedToken] {
        addedTokens.sorted { $0.id < $1.id }.map { token in
            var token = token
            token.isInVocabulary = true
            return token
        }
    }

    private var membersOfModel: [JSON] {
        let model = pipeline.document["model"] ?? .null
        return ["unk_token", "fuse_unk", "byte_fallback"].map { model[$0] ?? .null }
    }
}

extension TextPipeline {
    fileprivate func does(theSameAs other: TextPipeline) -> Bool {
        normalizer == other.normalizer && cuts(as: other) && isByteLevel == other.isByteLevel && decoder == other.decoder
            && keepsWholePieces == other.keepsWholePieces && frame == other.frame
    }

    /// SentencePiece's form says all where it has no differences: a step that cuts at spaces finds none behind the normalizer.
    private func cuts(as other: TextPipeline) -> Bool {
        if preTokenizer == other.preTokenizer { return true }
        guard let pieces = SentencePieces(self), pieces == SentencePieces(other) else { return false }
        return normalizer == other.normalizer && pieces.differences(self).isEmpty && pieces.differences(other).isEmpty
    }
}
