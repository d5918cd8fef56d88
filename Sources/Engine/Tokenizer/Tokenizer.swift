/// A byte-level byte-pair tokenizer, which turns text into token ids and back.
///
/// It gives the same ids as the Hugging Face `tokenizers` library with the `tokenizer.json` that `tokenizerJSON` returns.
package struct Tokenizer: Sendable {
    /// The spelling of each token by id: byte symbols, or an added token's text; nil where no token has the id.
    let spellings: [String?]
    /// Merges in order of rank.
    let merges: [TokenMerge]
    let addedTokens: [AddedToken]
    /// How text is prepared, and the rest of the tokenizer's file.
    let pipeline: TextPipeline
    private let tokenBytes: TokenBytes
    private let encoder: BytePairEncoder
    /// Find the added tokens of the raw text, and those of the normalized text.
    let scanners: (raw: AddedTokenScanner, normalized: AddedTokenScanner)
    private let specialIds: Set<Int>

    /// The caller has checked that every id is an index of `spellings`.
    init(
        spellings: [String?], bytes: ByteTokens, merges: [TokenMerge], addedTokens: [AddedToken],
        pipeline: TextPipeline = .decant
    ) {
        (self.spellings, self.merges, self.addedTokens, self.pipeline) = (spellings, merges, addedTokens, pipeline)
        tokenBytes = TokenBytes(spellings)
        specialIds = Set(addedTokens.filter(\.isSpecial).map(\.id))
        let wholePieces = pipeline.keepsWholePieces ? tokenBytes.ids(without: specialIds) : [:]
        encoder = BytePairEncoder(bytes: bytes, merges: merges, wholePieces: wholePieces)
        let normalized = addedTokens.filter(\.isNormalized).map { token in
            var token = token
            token.content = pipeline.normalized(token.content)
            return token
        }
        scanners = (AddedTokenScanner(addedTokens.filter { !$0.isNormalized }), AddedTokenScanner(normalized))
    }

    /// Number of tokens; ids are below it.
    package var vocabularySize: Int { spellings.count }

    /// The id of an added token by its text.
    package func id(of token: String) -> Int? { addedTokens.first { $0.content == token }?.id }

    package func id(of token: SpecialToken) -> Int? { id(of: token.rawValue) }

    /// The tokens of a text. Text that spells an added token becomes that token.
    package func encode(_ text: String) -> [Int] {
        encode(text) { bytes, bench, ids in
            forEachPart(of: bytes, cutAt: scanners.raw, into: &ids) { part, ids in
                pipeline.withNormalized(part) { part in
                    forEachPart(of: part, cutAt: scanners.normalized, into: &ids) { part, ids in
                        appendTokens(of: part, with: &bench, to: &ids)
                    }
                }
            }
        }
    }

    /// The tokens of a text and those that the post-processor puts around it, such as Llama 3's `<|begin_of_text|>`.
    package func encodeWithFrame(_ text: String) -> [Int] { pipeline.frame.before + encode(text) + pipeline.frame.after }

    /// The tokens of a text from outside, which never become added tokens.
    package func encodePlainText(_ text: String) -> [Int] {
        encode(text) { bytes, bench, ids in
            pipeline.withNormalized(bytes) { appendTokens(of: $0, with: &bench, to: &ids) }
        }
    }

    /// Whether a token stands for no text, so that decoding omits it.
    func isSpecial(_ id: Int) -> Bool { specialIds.contains(id) }

    /// The text of tokens without the special ones. Bytes that are not UTF-8 become U+FFFD; unknown ids give no text.
    package func decode(_ ids: some Sequence<Int>) -> String {
        String(decoding: bytes(of: ids.lazy.filter { !specialIds.contains($0) }), as: UTF8.self)
    }

    /// The text of tokens, with the special ones.
    package func decodeWithSpecialTokens(_ ids: some Sequence<Int>) -> String {
        String(decoding: bytes(of: ids), as: UTF8.self)
    }

    /// The bytes of tokens, for text that is printed while it is generated.
    package func bytes(of ids: some Sequence<Int>) -> [UInt8] {
        var bytes: [UInt8] = []
        for id in ids { bytes.append(contentsOf: tokenBytes[id]) }
        return bytes
    }

    private func encode(
        _ text: String, _ body: (UnsafeBufferPointer<UInt8>, inout BytePairEncoder.Workbench, inout [Int]) -> Void
    ) -> [Int] {
        var text = text
        return text.withUTF8 { bytes in
            encoder.withWorkbench { bench in
                var ids: [Int] = []
                ids.reserveCapacity(bytes.count / 3)
                body(bytes, &bench, &ids)
                return ids
            }
        }
    }

    /// Appends the ids of the scanner's tokens; `body` appends those of the text between them.
    private func forEachPart(
        of text: UnsafeBufferPointer<UInt8>, cutAt scanner: AddedTokenScanner, into ids: inout [Int],
        _ body: (UnsafeBufferPointer<UInt8>, inout [Int]) -> Void
    ) {
        var start = 0
        for match in scanner.matches(in: text) {
            if match.range.lowerBound > start {
                body(UnsafeBufferPointer(rebasing: text[start..<match.range.lowerBound]), &ids)
            }
            ids.append(match.id)
            start = match.range.upperBound
        }
        if start < text.count { body(UnsafeBufferPointer(rebasing: text[start...]), &ids) }
    }

    private func appendTokens(
        of text: UnsafeBufferPointer<UInt8>, with bench: inout BytePairEncoder.Workbench, to ids: inout [Int]
    ) {
        pipeline.preTokenizer.forEachPiece(of: text) { piece in
            encoder.encode(UnsafeBufferPointer(rebasing: text[piece]), with: &bench, to: &ids)
        }
    }
}

/// Marks text from outside, so that it spells no special token in a prompt whose own special tokens count.
extension Tokenizer {
    /// The text with a mark after every character that could start an added token.
    func marking(_ text: String, with mark: Unicode.Scalar) -> String {
        let starts = Set(addedTokens.compactMap(\.content.unicodeScalars.first))
        var result = String.UnicodeScalarView()
        for scalar in text.unicodeScalars {
            result.append(scalar)
            if starts.contains(scalar) { result.append(mark) }
        }
        return String(result)
    }

    /// The tokens of a text with marked parts; the marks themselves give no tokens.
    func encode(_ text: String, marked mark: Unicode.Scalar) -> [Int] {
        var ids: [Int] = []
        var text = text
        text.withUTF8 { bytes in
            var start = 0
            func appendPlain(upTo end: Int) {
                let part = String(decoding: bytes[start..<end], as: UTF8.self)
                var plain = String.UnicodeScalarView()
                plain.append(contentsOf: part.unicodeScalars.lazy.filter { $0 != mark })
                ids += encodePlainText(String(plain))
            }
            for match in scanners.raw.matches(in: bytes) {
                appendPlain(upTo: match.range.lowerBound)
                ids.append(match.id)
                start = match.range.upperBound
            }
            appendPlain(upTo: bytes.count)
        }
        return ids
    }
}
