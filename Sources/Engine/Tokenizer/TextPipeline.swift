import CanonicalJSON

/// The steps of a tokenizer before and after its model, and the rest of its file, which is written back unchanged.
struct TextPipeline: Hashable, Sendable {
    var normalizer = TextNormalizer()
    var preTokenizer: PreTokenizer
    /// Whether the model takes the bytes of a text, and not its characters.
    var isByteLevel = true
    var decoder = TokenDecoder.byteLevel
    /// Whether a piece that is a token needs no merges (`ignore_merges`).
    var keepsWholePieces = false
    /// Tokens that the post-processor puts around a text.
    var frame = TemplateFrame<Int>()
    /// `tokenizer.json` without `added_tokens` and the model's `vocab` and `merges`.
    var document: JSON

    /// The pipeline of tokenizers that Decant trains.
    static let decant = TextPipeline(
        preTokenizer: .words,
        document: [
            "version": "1.0", "truncation": nil, "padding": nil, "normalizer": nil, "post_processor": nil,
            "pre_tokenizer": PreTokenizer.words.json,
            "decoder": ["type": "ByteLevel", "add_prefix_space": true, "trim_offsets": true, "use_regex": true],
            "model": [
                "type": "BPE", "dropout": nil, "unk_token": nil, "continuing_subword_prefix": nil, "end_of_word_suffix": nil,
                "fuse_unk": false, "byte_fallback": false, "ignore_merges": false,
            ],
        ])
}

extension TextPipeline {
    /// Reads a `tokenizer.json` without its tokens.
    /// - Throws: a fault that names what is not supported.
    init(parsing json: JSON) throws(TokenizerFault) {
        try Self.checkModel(json["model"])
        normalizer = try TextNormalizer(parsing: json["normalizer"])
        (preTokenizer, isByteLevel) = try PreTokenizer.parsed(json["pre_tokenizer"])
        decoder = try TokenDecoder(parsing: json["decoder"])
        if isByteLevel, decoder.steps?.contains(.byteLevel) != true { throw TokenizerFault("its decoder is not 'ByteLevel'") }
        keepsWholePieces = json["model"]?["ignore_merges"] == true
        frame = try Self.frame(json["post_processor"])
        var document = json.object ?? [:]
        var model = json["model"]?.object ?? [:]
        document["added_tokens"] = nil
        model["vocab"] = nil
        model["merges"] = nil
        document["model"] = .object(model)
        self.document = .object(document)
    }

    private static func checkModel(_ model: JSON?) throws(TokenizerFault) {
        for name in ["dropout", "continuing_subword_prefix", "end_of_word_suffix"] {
            if let value = model?[name], value != .null, value != "", value != 0 {
                throw TokenizerFault("the model sets '\(name)', which is not supported")
            }
        }
    }

    private static func frame(_ processor: JSON?) throws(TokenizerFault) -> TemplateFrame<Int> {
        var frame = TemplateFrame<Int>()
        guard let processor, processor != .null else { return frame }
        for step in processor["type"] == "Sequence" ? processor["processors"]?.array ?? [] : [processor] {
            switch step["type"] {
            // It changes offsets, and no tokens.
            case "ByteLevel": break
            case "TemplateProcessing":
                let inner = try TemplateFrame(step) { name in
                    step["special_tokens"]?[name]?["ids"]?.array?.compactMap(\.integer)
                }
                frame.before = inner.before + frame.before
                frame.after += inner.after
            case "BertProcessing", "RobertaProcessing":
                guard let begin = step["cls"]?[1]?.integer, let end = step["sep"]?[1]?.integer else {
                    throw TokenizerFault("its post_processor has no cls or no sep with an id")
                }
                (frame.before, frame.after) = ([begin] + frame.before, frame.after + [end])
            default:
                throw TokenizerFault("it has a post_processor ('\(step["type"]?.string ?? "?")'), which is not supported")
            }
        }
        return frame
    }
}

/// The tokens that a `TemplateProcessing` puts before and after a text.
struct TemplateFrame<Token: Hashable & Sendable>: Hashable, Sendable {
    var before: [Token] = []
    var after: [Token] = []

    init() {}

    /// - Parameter tokens: the tokens of a special token's name; `nil` where there are none.
    init(_ json: JSON, tokens: (String) -> [Token]?) throws(TokenizerFault) {
        var isAfterText = false
        for piece in json["single"]?.array ?? [] {
            if piece["Sequence"] != nil, !isAfterText {
                isAfterText = true
                continue
            }
            guard let found = piece["SpecialToken"]?["id"]?.string.flatMap(tokens) else {
                throw TokenizerFault("its post_processor has the piece \(piece.canonicalText), which cannot be read")
            }
            if isAfterText { after += found } else { before += found }
        }
        guard isAfterText else { throw TokenizerFault("its post_processor has no place for the text") }
    }
}
