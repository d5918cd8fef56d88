/// A rule that divides text into pieces. No token crosses the border of a piece.
enum PreTokenizer: Hashable, Sendable {
    /// Words, single digits, runs of spaces and runs of everything else: the rule of tokenizers that Decant trains.
    case words
    /// GPT-2's expression.
    case gpt2
    /// SmolLM2's rule: single digits, and GPT-2's expression between them.
    case gpt2WithSingleDigits
    /// Qwen2's expression with `digits` 1, Llama 3's with 3: the longest run of digits.
    case cased(digits: Int)
    /// Steps one after another, each on the pieces of the one before.
    case steps([Step])

    enum Step: Hashable, Sendable {
        /// One of the rules above.
        indirect case cut(PreTokenizer)
        case split(TextSplit)
        case metaspace(Metaspace)
        /// Puts a space before a piece that starts with none.
        case spaceBefore
        /// Spells the bytes as symbols, which the later steps look at.
        case byteSymbols
    }

    /// The pieces of a text, for rules that change no text.
    func pieces(of text: String) -> [String] {
        var pieces: [String] = []
        var text = text
        text.withUTF8 { bytes in forEachPiece(of: bytes, at: .start) { pieces.append(String(decoding: $0, as: UTF8.self)) } }
        return pieces
    }

    /// Calls `body` with the bytes of each piece, in order.
    ///
    /// - Parameter text: valid UTF-8.
    @inline(__always) func forEachPiece(
        of text: UnsafeBufferPointer<UInt8>, at place: TextPlace, _ body: (UnsafeBufferPointer<UInt8>) -> Void
    ) {
        if case .steps(let steps) = self { return Self.forEachPiece(of: text, at: place, after: steps[...], body) }
        forEachRange(of: text) { body(UnsafeBufferPointer(rebasing: text[$0])) }
    }

    @inline(__always) private func forEachRange(of text: UnsafeBufferPointer<UInt8>, _ body: (Range<Int>) -> Void) {
        let scanner = PieceScanner(text)
        var start = 0
        while start < text.count {
            let end =
                switch self {
                case .words: scanner.endOfWordPiece(from: start)
                case .gpt2: scanner.endOfGPT2Piece(from: start, numbers: .number)
                case .gpt2WithSingleDigits: scanner.endOfGPT2Piece(from: start, numbers: .digit)
                case .cased(let digits): scanner.endOfCasedPiece(from: start, digits: digits)
                case .steps: text.count
                }
            body(start..<end)
            start = end
        }
    }

    private static func forEachPiece(
        of text: UnsafeBufferPointer<UInt8>, at place: TextPlace, after steps: ArraySlice<Step>,
        _ body: (UnsafeBufferPointer<UInt8>) -> Void
    ) {
        guard let step = steps.first else { return body(text) }
        let rest = steps.dropFirst()
        func goOn(_ range: Range<Int>) {
            forEachPiece(
                of: UnsafeBufferPointer(rebasing: text[range]), at: range.lowerBound == 0 ? place : .afterToken, after: rest,
                body)
        }
        switch step {
        case .cut(let rule): rule.forEachRange(of: text, goOn)
        case .split(let split): split.forEachPiece(of: text, goOn)
        case .metaspace(let metaspace):
            metaspace.withReplaced(text, at: place) { text in
                metaspace.forEachPiece(of: text) { range in
                    let isFirst = range.lowerBound == 0
                    forEachPiece(
                        of: UnsafeBufferPointer(rebasing: text[range]), at: isFirst ? place : .afterToken, after: rest, body)
                }
            }
        case .spaceBefore:
            guard place != .continued, text.first != UInt8(ascii: " ") else {
                return forEachPiece(of: text, at: place, after: rest, body)
            }
            ([UInt8(ascii: " ")] + text).withUnsafeBufferPointer { forEachPiece(of: $0, at: place, after: rest, body) }
        case .byteSymbols:
            ByteAlphabet.symbols(of: text).withUnsafeBufferPointer { symbols in
                forEachPiece(of: symbols, at: place, after: rest) { piece in
                    ByteAlphabet.bytes(ofSymbols: piece).withUnsafeBufferPointer(body)
                }
            }
        }
    }
}

/// Where a part of a text stands.
enum TextPlace: Hashable, Sendable {
    /// At the start of the text.
    case start
    /// Behind an added token, or behind another piece.
    case afterToken
    /// Behind text that is already encoded, and goes on.
    case continued
}

/// SentencePiece's way with spaces: a visible character stands for each, and one more before the text.
struct Metaspace: Hashable, Sendable {
    enum Prefix: String, Hashable, Sendable { case first, always, never }

    var replacement = "▁"
    var prefix = Prefix.always
    /// Whether each replacement starts a piece.
    var splits = true

    func withReplaced(
        _ text: UnsafeBufferPointer<UInt8>, at place: TextPlace, _ body: (UnsafeBufferPointer<UInt8>) -> Void
    ) {
        let mark = Array(replacement.utf8)
        var result: [UInt8] = []
        result.reserveCapacity(text.count + text.count / 2)
        let isPrefixed =
            switch prefix {
            case .first: place == .start
            case .always: place != .continued
            case .never: false
            }
        if isPrefixed, text.first != UInt8(ascii: " "), !text.starts(with: mark) { result += mark }
        for byte in text {
            if byte == UInt8(ascii: " ") { result += mark } else { result.append(byte) }
        }
        result.withUnsafeBufferPointer(body)
    }

    func forEachPiece(of text: UnsafeBufferPointer<UInt8>, _ body: (Range<Int>) -> Void) {
        var start = 0
        if splits {
            text.forEachPlace(of: Array(replacement.utf8)) { mark in
                if mark.lowerBound > start { body(start..<mark.lowerBound) }
                start = mark.lowerBound
            }
        }
        if start < text.count { body(start..<text.count) }
    }
}

extension PieceScanner {
    /// `[\p{L}\p{M}]+|\p{N}| +|[^\p{L}\p{M}\p{N} ]+`
    func endOfWordPiece(from start: Int) -> Int {
        let space = UInt8(ascii: " ")
        if text[start] == space {
            return text[start...].firstIndex { $0 != space } ?? end
        }
        let (first, next) = character(at: start)
        if first.contains(.number) { return next }
        if !first.isDisjoint(with: [.letter, .mark]) { return endOfRun(of: [.letter, .mark], from: next) }
        var position = next
        while position < end, text[position] != space {
            let (found, after) = character(at: position)
            if !found.isDisjoint(with: [.letter, .mark, .number]) { break }
            position = after
        }
        return position
    }
}
