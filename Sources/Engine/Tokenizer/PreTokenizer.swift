/// Cuts text into pieces; no token crosses a cut. Each rule cuts as a regular expression does, and every byte is in a piece.
enum PreTokenizer: Hashable, Sendable {
    /// Words, single digits, runs of spaces and runs of everything else: what Decant trains with.
    case words
    /// GPT-2's expression.
    case gpt2
    /// Single digits, and GPT-2's expression between them: SmolLM2.
    case gpt2WithSingleDigits
    /// Qwen2's expression, where `digits` is 1, or Llama 3's, where it is 3: the length of a run of digits, at most.
    case cased(digits: Int)

    /// The pieces of `text` as ranges of its UTF-8 bytes, in order and without gaps.
    func pieces(of text: String) -> [Range<Int>] {
        var pieces: [Range<Int>] = []
        var text = text
        text.withUTF8 { bytes in forEachPiece(of: bytes) { pieces.append($0) } }
        return pieces
    }

    /// - Parameter text: valid UTF-8.
    @inline(__always) func forEachPiece(of text: UnsafeBufferPointer<UInt8>, _ body: (Range<Int>) -> Void) {
        let scanner = PieceScanner(text)
        var start = 0
        while start < text.count {
            let end =
                switch self {
                case .words: scanner.endOfWordPiece(from: start)
                case .gpt2: scanner.endOfGPT2Piece(from: start, numbers: .number)
                case .gpt2WithSingleDigits: scanner.endOfGPT2Piece(from: start, numbers: .digit)
                case .cased(let digits): scanner.endOfCasedPiece(from: start, digits: digits)
                }
            body(start..<end)
            start = end
        }
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
