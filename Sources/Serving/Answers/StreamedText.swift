import Engine

/// The text of tokens that come one by one.
///
/// A part is told when its last character is whole. A tokenizer may write a token otherwise at the start of a text, so that a
/// part is what a stretch of tokens adds to the stretch before it.
struct StreamedText {
    private let tokenizer: Tokenizer
    private var tokens: [Int] = []
    /// The start of the stretch that was told last, and its end.
    private var start = 0
    private var end = 0
    /// Bytes that were told.
    private var told = 0

    init(_ tokenizer: Tokenizer) { self.tokenizer = tokenizer }

    /// - Returns: what can be told now; empty where a character is not whole yet.
    mutating func add(_ new: some Sequence<Int32>) -> String {
        tokens += new.map(Int.init)
        let before = tokenizer.decode(tokens[start..<end])
        let now = tokenizer.decode(tokens[start...])
        guard now.utf8.count > before.utf8.count, now.unicodeScalars.last != "\u{FFFD}" else { return "" }
        (start, end) = (end, tokens.count)
        let part = String(decoding: now.utf8.dropFirst(before.utf8.count), as: UTF8.self)
        told += part.utf8.count
        return part
    }

    /// - Parameter whole: the text of all tokens.
    /// - Returns: what of it was not told yet.
    func rest(of whole: String) -> String { String(decoding: whole.utf8.dropFirst(told), as: UTF8.self) }
}
