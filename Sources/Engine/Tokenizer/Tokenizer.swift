/// A byte-level byte-pair tokenizer: text to token ids and back.
///
/// It equals the Hugging Face `tokenizers` library on every text, with the `tokenizer.json` that `tokenizerJSON` gives.
public struct Tokenizer: Sendable {
    /// The spelling of each token by id: byte symbols, or an added token's text.
    let spellings: [String]
    /// In order of rank.
    let merges: [TokenMerge]
    let addedTokens: [AddedToken]
    /// The bytes that each token stands for.
    private let tokenBytes: [[UInt8]]
    private let encoder: BytePairEncoder
    private let scanner: AddedTokenScanner
    private let specialIds: Set<Int>

    /// The caller has checked that the ids are those of `spellings` and that `byteTokens` has the token of every byte.
    init(spellings: [String], byteTokens: [Int], merges: [TokenMerge], addedTokens: [AddedToken]) {
        self.spellings = spellings
        self.merges = merges
        self.addedTokens = addedTokens
        tokenBytes = spellings.map { ByteAlphabet.bytes(spelled: $0) ?? Array($0.utf8) }
        encoder = BytePairEncoder(byteTokens: byteTokens, merges: merges)
        scanner = AddedTokenScanner(addedTokens)
        specialIds = Set(addedTokens.filter(\.isSpecial).map(\.id))
    }

    /// Number of tokens; ids run from 0 to one less.
    public var vocabularySize: Int { spellings.count }

    /// The id of a special or other added token by its text.
    public func id(of token: String) -> Int? { addedTokens.first { $0.content == token }?.id }

    public func id(of token: SpecialToken) -> Int? { id(of: token.rawValue) }

    /// The tokens of a text; where it spells an added token, that token.
    public func encode(_ text: String) -> [Int] {
        var ids: [Int] = []
        var rest = Array(text.utf8)[...]
        while let match = scanner.firstMatch(in: rest) {
            appendTokens(of: rest[..<match.range.lowerBound], to: &ids)
            ids.append(match.id)
            rest = rest[match.range.upperBound...]
        }
        appendTokens(of: rest, to: &ids)
        return ids
    }

    /// The tokens of a text that comes from outside: what it spells is never a special token.
    public func encodePlainText(_ text: String) -> [Int] {
        var ids: [Int] = []
        appendTokens(of: Array(text.utf8)[...], to: &ids)
        return ids
    }

    /// The text of tokens without the special ones; bytes that are not UTF-8 become U+FFFD, ids that do not exist nothing.
    public func decode(_ ids: some Sequence<Int>) -> String {
        String(decoding: bytes(of: ids.lazy.filter { !specialIds.contains($0) }), as: UTF8.self)
    }

    /// The text of tokens, the special ones included.
    public func decodeWithSpecialTokens(_ ids: some Sequence<Int>) -> String {
        String(decoding: bytes(of: ids), as: UTF8.self)
    }

    /// The bytes of tokens: for text that is printed while it is generated.
    public func bytes(of ids: some Sequence<Int>) -> [UInt8] {
        var bytes: [UInt8] = []
        for id in ids where tokenBytes.indices.contains(id) { bytes.append(contentsOf: tokenBytes[id]) }
        return bytes
    }

    private func appendTokens(of text: ArraySlice<UInt8>, to ids: inout [Int]) {
        for piece in PreTokenizer.pieces(of: String(decoding: text, as: UTF8.self)) {
            ids.append(contentsOf: encoder.encode(text[text.startIndex + piece.lowerBound..<text.startIndex + piece.upperBound]))
        }
    }
}
