import CanonicalJSON

/// What a tokenizer does around its merges, and its file but for the tokens themselves, which is written back as it was.
struct TextPipeline: Hashable, Sendable {
    /// Tokens around a text.
    struct Frame: Hashable, Sendable {
        var before: [Int] = []
        var after: [Int] = []
    }

    var preTokenizer: PreTokenizer
    /// Whether text is brought into Unicode normalization form C first.
    var composes = false
    /// Whether a piece that is a token needs no merges (`ignore_merges`).
    var keepsWholePieces = false
    var frame = Frame()
    /// `tokenizer.json` without `added_tokens` and the model's `vocab` and `merges`.
    var document: JSON

    /// Calls `body` with a text as the pre-tokenizer wants it.
    func withNormalized(_ text: UnsafeBufferPointer<UInt8>, _ body: (UnsafeBufferPointer<UInt8>) -> Void) {
        guard composes, let composed = CompositionForm.composed(text) else { return body(text) }
        composed.withUnsafeBufferPointer(body)
    }

    func normalized(_ text: String) -> String {
        var text = text
        return text.withUTF8 { bytes in
            var result = ""
            withNormalized(bytes) { result = String(decoding: $0, as: UTF8.self) }
            return result
        }
    }

    /// That of the tokenizers that Decant trains.
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
