/// BERT's tokenizer: words, each cut greedily into the longest pieces of a vocabulary (Devlin et al., arXiv 1810.04805).
///
/// Text from outside never becomes a special token: `[SEP]` in a text is two brackets and a word.
package struct WordPieceTokenizer: Sendable {
    /// Ids by the bytes of the pieces; those within a word begin with `##`.
    private let ids: [[UInt8]: Int32]
    private let longestPiece: Int
    private let settings: Settings
    private let unknown: Int32
    private let begin: Int32
    private let end: Int32

    struct Settings: Hashable, Sendable {
        var normalizer = BertNormalizer()
        var unknown = "[UNK]"
        var begin = "[CLS]"
        var end = "[SEP]"
        var continuation = "##"
        /// A word of more scalars is unknown.
        var longestWord = 100
    }

    /// - Throws: where the vocabulary lacks a special token.
    init(vocabulary ids: [[UInt8]: Int32], _ settings: Settings) throws(TokenizerFault) {
        func id(_ token: String) throws(TokenizerFault) -> Int32 {
            guard let id = ids[Array(token.utf8)] else { throw TokenizerFault("the vocabulary has no token '\(token)'") }
            return id
        }
        unknown = try id(settings.unknown)
        begin = try id(settings.begin)
        end = try id(settings.end)
        self.ids = ids
        longestPiece = ids.keys.map(\.count).max() ?? 0
        self.settings = settings
    }

    var largestID: Int? { ids.values.max().map(Int.init) }

    /// The tokens of a text between those that begin and end it, at most so many with these; what is longer is cut off.
    package func encode(_ text: String, atMost limit: Int = .max) -> [Int32] {
        var tokens = [begin]
        for word in settings.normalizer.words(of: text) {
            if tokens.count >= limit - 1 { break }
            append(word, to: &tokens)
        }
        return tokens.prefix(max(1, limit - 1)) + [end]
    }

    /// Appends the longest pieces from the left on; a word that no pieces make up is unknown as a whole.
    private func append(_ word: [Unicode.Scalar], to tokens: inout [Int32]) {
        let start = tokens.count
        var first = 0
        if word.count <= settings.longestWord {
            while first < word.count {
                guard let (id, end) = longest(in: word, from: first) else { break }
                tokens.append(id)
                first = end
            }
        }
        guard first < word.count else { return }
        tokens.removeSubrange(start...)
        tokens.append(unknown)
    }

    private func longest(in word: [Unicode.Scalar], from first: Int) -> (id: Int32, end: Int)? {
        var piece = first == 0 ? [] : Array(settings.continuation.utf8)
        // Where each scalar of the piece ends, in bytes.
        var ends: [Int] = []
        for scalar in word[first...] {
            piece.append(contentsOf: UTF8.encode(scalar).map(Array.init) ?? [])
            if piece.count > longestPiece { break }
            ends.append(piece.count)
        }
        for (index, end) in ends.enumerated().reversed() {
            piece.removeSubrange(end...)
            if let id = ids[piece] { return (id, first + index + 1) }
        }
        return nil
    }
}
