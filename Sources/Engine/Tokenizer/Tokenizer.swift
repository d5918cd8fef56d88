/// A tokenizer, which turns text into token ids and back.
///
/// It gives the same ids as the Hugging Face `tokenizers` library with the `tokenizer.json` that `tokenizerJSON` returns.
package struct Tokenizer: Sendable {
    /// What turns a piece into tokens.
    enum Model: Sendable {
        /// Merges in order of rank.
        case bytePairs(start: BytePairEncoder.Start, merges: [TokenMerge])
        /// The scores of the first ids, the id of unknown text, and whether bytes stand for it.
        case unigrams(scores: [Double], unknown: Int, fallsBack: Bool)
    }

    /// The spelling of each token by id: byte symbols, or other text; nil where no token has the id.
    let spellings: [String?]
    let model: Model
    let addedTokens: [AddedToken]
    /// How text is prepared, and the rest of the tokenizer's file.
    let pipeline: TextPipeline
    private let tokenBytes: TokenBytes
    private let encoder: PieceEncoder
    /// Find all added tokens, and those that are ordinary text.
    let scanners: (all: AddedTokenScanners, ordinary: AddedTokenScanners)
    private let specialIds: Set<Int>
    /// The texts of added tokens that normalizing changes, by id: the library decodes them so, and never takes them for special.
    private let normalizedTexts: [Int: String]

    /// The caller has checked that every id is an index of `spellings`.
    init(spellings: [String?], model: Model, addedTokens: [AddedToken], pipeline: TextPipeline = .decant) {
        (self.spellings, self.model, self.addedTokens, self.pipeline) = (spellings, model, addedTokens, pipeline)
        tokenBytes = TokenBytes(spellings, pipeline.decoder)
        specialIds = Set(addedTokens.filter(\.isSpecial).map(\.id))
        normalizedTexts = addedTokens.filter(\.isNormalized).reduce(into: [:]) { texts, token in
            let text = pipeline.normalizer.normalized(token.content)
            if Spelling(text) != Spelling(token.content) { texts[token.id] = text }
        }
        encoder = Self.encoder(model, spellings, tokenBytes, without: specialIds, pipeline)
        scanners = (
            AddedTokenScanners(addedTokens, pipeline.normalizer),
            AddedTokenScanners(addedTokens.filter { !$0.isSpecial }, pipeline.normalizer)
        )
    }

    private static func encoder(
        _ model: Model, _ spellings: [String?], _ bytes: TokenBytes, without special: Set<Int>, _ pipeline: TextPipeline
    ) -> PieceEncoder {
        switch model {
        case .unigrams(let scores, let unknown, let fallsBack):
            let pieces = spellings.prefix(scores.count).map { $0 ?? "" }
            return PieceEncoder(
                .unigrams(UnigramEncoder(pieces: pieces, scores: scores, unknown: unknown, fallsBack: fallsBack)))
        case .bytePairs(let start, let merges):
            guard !pipeline.isByteLevel else {
                let whole = pipeline.keepsWholePieces ? bytes.ids(without: special) : [:]
                return PieceEncoder(.bytePairs(BytePairEncoder(start: start, merges: merges, wholePieces: whole)))
            }
            let ids = Dictionary(
                spellings.enumerated().compactMap { id, spelling in spelling.map { (Spelling($0), id) } },
                uniquingKeysWith: { first, _ in first })
            if pipeline.keepsWholePieces {
                let whole = Dictionary(
                    uniqueKeysWithValues: ids.filter { !special.contains($0.value) }.map {
                        (ArraySlice($0.key.text.utf8), $0.value)
                    })
                return PieceEncoder(.bytePairs(BytePairEncoder(start: start, merges: merges, wholePieces: whole)))
            }
            let cuts = SpaceCuts(ids, merged: merges.lazy.compactMap { spellings[$0.token] })
            return PieceEncoder(.bytePairs(BytePairEncoder(start: start, merges: merges)), cuts: cuts)
        }
    }

    /// Number of tokens; ids are below it.
    package var vocabularySize: Int { spellings.count }

    /// The id of an added token by its text.
    package func id(of token: String) -> Int? { addedTokens.first { $0.content == token }?.id }

    package func id(of token: SpecialToken) -> Int? { id(of: token.rawValue) }

    /// The tokens of a text. Text that spells an added token becomes that token.
    package func encode(_ text: String) -> [Int] { encode(text, scanners.all, at: .start) }

    /// The tokens of a text and those that the post-processor puts around it, such as Llama 3's `<|begin_of_text|>`.
    package func encodeWithFrame(_ text: String) -> [Int] { pipeline.frame.before + encode(text) + pipeline.frame.after }

    /// How many tokens the post-processor puts behind a text.
    var closingTokens: Int { pipeline.frame.after.count }

    /// The tokens of a text from outside, which never become special tokens.
    ///
    /// - Parameter continues: whether other text comes before it, so that it gets no prefix of its own.
    package func encodePlainText(_ text: String, continues: Bool = false) -> [Int] {
        encode(text, scanners.ordinary, at: continues ? .continued : .start)
    }

    /// The tokens of what a model said, where text that spells a special token is that token.
    func encodeAnswer(_ text: String) -> [Int] { encode(text, scanners.all, at: .continued) }

    /// Whether a token stands for no text, so that decoding omits it.
    func isSpecial(_ id: Int) -> Bool { specialIds.contains(id) }

    /// The text of tokens without the special ones. Bytes that are not UTF-8 become U+FFFD; unknown ids give no text.
    package func decode(_ ids: some Sequence<Int>) -> String {
        text(of: ids.lazy.filter { !specialIds.contains($0) || normalizedTexts[$0] != nil })
    }

    /// The text of tokens, with the special ones.
    package func decodeWithSpecialTokens(_ ids: some Sequence<Int>) -> String { text(of: ids) }

    private func text(of ids: some Sequence<Int>) -> String {
        if pipeline.decoder.joinsBytes, normalizedTexts.isEmpty { return String(decoding: bytes(of: ids), as: UTF8.self) }
        return pipeline.decoder.text(
            of: ids.compactMap { normalizedTexts[$0] ?? (spellings.indices.contains($0) ? spellings[$0] : nil) })
    }

    /// The bytes of tokens within a text, for text that is printed while it is generated.
    package func bytes(of ids: some Sequence<Int>) -> [UInt8] {
        var bytes: [UInt8] = []
        for id in ids { bytes.append(contentsOf: tokenBytes[id]) }
        return bytes
    }

    private func encode(_ text: String, _ scanners: AddedTokenScanners, at place: TextPlace) -> [Int] {
        var text = text
        return text.withUTF8 { encode($0, scanners, at: place, marks: []) }
    }

    /// - Parameter marks: places that no special token may lie across.
    private func encode(
        _ text: UnsafeBufferPointer<UInt8>, _ scanners: AddedTokenScanners, at place: TextPlace, marks: [Int]
    ) -> [Int] {
        let (encoder, pipeline, ordinary) = (encoder, pipeline, self.scanners.ordinary)
        return encoder.withWorkbench { bench in
            var ids: [Int] = []
            ids.reserveCapacity(text.count / 3)
            Self.forEachPart(of: text, cutAt: scanners.raw.matches(in: text, marks: marks), at: place, into: &ids) {
                range, place, ids in
                let isMarked = marks.contains { range.contains($0) }
                let normalized = (isMarked ? ordinary : scanners).normalized
                pipeline.normalizer.withNormalized(UnsafeBufferPointer(rebasing: text[range]), at: place) { part in
                    Self.forEachPart(of: part, cutAt: normalized.matches(in: part), at: place, into: &ids) {
                        range, place, ids in
                        let part = UnsafeBufferPointer(rebasing: part[range])
                        pipeline.preTokenizer.forEachPiece(of: part, at: place) { encoder.encode($0, with: &bench, to: &ids) }
                    }
                }
            }
            return ids
        }
    }

    /// Appends the ids of the matches; `body` appends those of the text between them.
    @inline(__always)
    private static func forEachPart(
        of text: UnsafeBufferPointer<UInt8>, cutAt matches: [AddedTokenScanner.Match], at place: TextPlace,
        into ids: inout [Int],
        _ body: (Range<Int>, TextPlace, inout [Int]) -> Void
    ) {
        var start = 0
        for match in matches {
            if match.range.lowerBound > start { body(start..<match.range.lowerBound, start == 0 ? place : .afterToken, &ids) }
            ids.append(match.id)
            start = match.range.upperBound
        }
        if start < text.count { body(start..<text.count, start == 0 ? place : .afterToken, &ids) }
    }
}

/// Marks text from outside, so that it spells no special token in a prompt whose own special tokens count.
extension Tokenizer {
    /// The text with a mark within everything that spells a special token, or that starts one at the end.
    func marking(_ text: String, with mark: Unicode.Scalar) -> String {
        let places = scanners.all.placesOfSpecialTokens(in: text)
        var result = String.UnicodeScalarView()
        var offset = 0
        for scalar in text.unicodeScalars {
            result.append(scalar)
            if places.contains(offset) { result.append(mark) }
            offset += UTF8.width(scalar)
        }
        // A token that only the normalized text spells.
        if places.isEmpty, scanners.all.mayHideSpecialToken(text, pipeline.normalizer) { result.append(mark) }
        return String(result)
    }

    /// The tokens of a text with marked parts; the marks themselves give no tokens.
    ///
    /// - Parameter continues: whether other text comes before it, so that it gets no prefix of its own.
    func encode(_ text: String, marked mark: Unicode.Scalar, continues: Bool = false) -> [Int] {
        var clean = String.UnicodeScalarView()
        var marks: [Int] = []
        var offset = 0
        for scalar in text.unicodeScalars {
            if scalar == mark {
                marks.append(offset)
            } else {
                clean.append(scalar)
                offset += UTF8.width(scalar)
            }
        }
        var text = String(clean)
        return text.withUTF8 { encode($0, scanners.all, at: continues ? .continued : .start, marks: marks) }
    }
}
