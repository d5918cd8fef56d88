/// A byte-level byte-pair tokenizer: text to token ids and back.
///
/// It equals the Hugging Face `tokenizers` library on every text, with the `tokenizer.json` that `tokenizerJSON` gives.
package struct Tokenizer: Sendable {
    /// The spelling of each token by id: byte symbols, or an added token's text; nil where no token has the id.
    let spellings: [String?]
    /// In order of rank.
    let merges: [TokenMerge]
    let addedTokens: [AddedToken]
    /// How text is prepared, and what else the tokenizer's file says.
    let pipeline: TextPipeline
    private let tokenBytes: TokenBytes
    private let encoder: BytePairEncoder
    /// Finds the added tokens that count in a text as it comes, and those that count once it is normalized.
    let scanners: (raw: AddedTokenScanner, normalized: AddedTokenScanner)
    private let specialIds: Set<Int>

    /// The caller has checked that the ids are those of `spellings`.
    init(
        spellings: [String?], bytes: ByteTokens, merges: [TokenMerge], addedTokens: [AddedToken],
        pipeline: TextPipeline = .decant
    ) {
        self.spellings = spellings
        self.merges = merges
        self.addedTokens = addedTokens
        self.pipeline = pipeline
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

    /// Number of tokens; ids run from 0 to one less.
    package var vocabularySize: Int { spellings.count }

    /// The id of a special or other added token by its text.
    package func id(of token: String) -> Int? { addedTokens.first { $0.content == token }?.id }

    package func id(of token: SpecialToken) -> Int? { id(of: token.rawValue) }

    /// The tokens of a text; where it spells an added token, that token.
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

    /// The tokens of a text with those that the tokenizer's post-processor puts around it: Llama 3's `<|begin_of_text|>`.
    package func encodeWithFrame(_ text: String) -> [Int] { pipeline.frame.before + encode(text) + pipeline.frame.after }

    /// The tokens of a text that comes from outside: what it spells is never an added token.
    package func encodePlainText(_ text: String) -> [Int] {
        encode(text) { bytes, bench, ids in
            pipeline.withNormalized(bytes) { appendTokens(of: $0, with: &bench, to: &ids) }
        }
    }

    /// Whether a token stands for no text: decoding leaves it out.
    func isSpecial(_ id: Int) -> Bool { specialIds.contains(id) }

    /// The text of tokens without the special ones; bytes that are not UTF-8 become U+FFFD, ids that do not exist nothing.
    package func decode(_ ids: some Sequence<Int>) -> String {
        String(decoding: bytes(of: ids.lazy.filter { !specialIds.contains($0) }), as: UTF8.self)
    }

    /// The text of tokens, the special ones included.
    package func decodeWithSpecialTokens(_ ids: some Sequence<Int>) -> String {
        String(decoding: bytes(of: ids), as: UTF8.self)
    }

    /// The bytes of tokens: for text that is printed while it is generated.
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

    /// Appends the ids of the scanner's tokens, and has `body` append those of the text between them.
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
