import CanonicalJSON

extension TextPipeline {
    /// Takes a `tokenizer.json` apart but for its tokens. What cannot be done as the library does it is an error that names it.
    init(parsing json: JSON) throws(TokenizerFault) {
        try Self.checkModel(json["model"])
        guard json["decoder"]?["type"] == "ByteLevel" else { throw TokenizerFault("its decoder is not 'ByteLevel'") }
        preTokenizer = try PreTokenizer(parsing: json["pre_tokenizer"])
        composes = try Self.composes(json["normalizer"])
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
        guard let type = model?["type"]?.string ?? (model?["merges"] == nil ? nil : "BPE") else {
            throw TokenizerFault("there is no model with a type")
        }
        guard type == "BPE" else { throw TokenizerFault("the model is a '\(type)' and only byte-level BPE can be read") }
        for name in ["dropout", "continuing_subword_prefix", "end_of_word_suffix"] {
            if let value = model?[name], value != .null, value != "", value != 0 {
                throw TokenizerFault("the model sets '\(name)', which is not supported")
            }
        }
        if model?["byte_fallback"] == true { throw TokenizerFault("the model sets 'byte_fallback', which is not supported") }
    }

    private static func composes(_ normalizer: JSON?) throws(TokenizerFault) -> Bool {
        guard let normalizer, normalizer != .null else { return false }
        let steps = normalizer["type"] == "Sequence" ? normalizer["normalizers"]?.array ?? [] : [normalizer]
        for step in steps where step["type"] != "NFC" {
            throw TokenizerFault("it has a normalizer ('\(step["type"]?.string ?? "?")'), which is not supported")
        }
        return !steps.isEmpty
    }

    private static func frame(_ processor: JSON?) throws(TokenizerFault) -> Frame {
        guard let processor, processor != .null else { return Frame() }
        var frame = Frame()
        for step in processor["type"] == "Sequence" ? processor["processors"]?.array ?? [] : [processor] {
            switch step["type"] {
            // It trims offsets and leaves the tokens as they are.
            case "ByteLevel": break
            case "TemplateProcessing":
                let inner = try Self.frame(ofTemplate: step)
                frame.before = inner.before + frame.before
                frame.after += inner.after
            default:
                throw TokenizerFault("it has a post_processor ('\(step["type"]?.string ?? "?")'), which is not supported")
            }
        }
        return frame
    }

    private static func frame(ofTemplate json: JSON) throws(TokenizerFault) -> Frame {
        var frame = Frame()
        var isAfterText = false
        for piece in json["single"]?.array ?? [] {
            if piece["Sequence"] != nil, !isAfterText {
                isAfterText = true
                continue
            }
            guard let name = piece["SpecialToken"]?["id"]?.string, let ids = json["special_tokens"]?[name]?["ids"]?.array else {
                throw TokenizerFault("its post_processor has the piece \(piece.canonicalText), which cannot be read")
            }
            let tokens = ids.compactMap(\.integer)
            if isAfterText { frame.after += tokens } else { frame.before += tokens }
        }
        guard isAfterText else { throw TokenizerFault("its post_processor has no place for the text") }
        return frame
    }
}
