/// A step of a pre-tokenizer that cuts a text at what it finds, and says what becomes of that.
struct TextSplit: Hashable, Sendable {
    enum Pattern: Hashable, Sendable {
        case text(String)
        case expression(PieceExpression)
        /// Each character of a kind.
        case character(Character)
        /// `\w+|[^\w\s]+`, of another library than the expressions, which counts other characters to the words.
        case words
    }

    /// The kinds of characters that the library's own steps cut at.
    enum Character: Hashable, Sendable { case number, punctuation, whiteSpace }

    enum Behavior: String, Hashable, Sendable {
        case removed = "Removed", isolated = "Isolated", contiguous = "Contiguous"
        case mergedWithPrevious = "MergedWithPrevious", mergedWithNext = "MergedWithNext"
    }

    var pattern: Pattern
    var behavior: Behavior
    /// Whether what is found and what lies between are exchanged.
    var isInverse = false

    /// The pieces of a text, in order.
    @inline(__always)
    func forEachPiece(of text: UnsafeBufferPointer<UInt8>, _ body: (Range<Int>) -> Void) {
        switch behavior {
        case .isolated: forEachPart(of: text) { range, _ in body(range) }
        case .removed: forEachPart(of: text) { range, isFound in if isFound == isInverse { body(range) } }
        default:
            var parts: [(range: Range<Int>, isFound: Bool)] = []
            forEachPart(of: text) { parts.append(($0, $1 != isInverse)) }
            merged(parts).forEach(body)
        }
    }

    private func merged(_ parts: [(range: Range<Int>, isFound: Bool)]) -> [Range<Int>] {
        var pieces: [Range<Int>] = []
        var wasFound = false
        for (range, isFound) in behavior == .mergedWithNext ? parts.reversed() : parts {
            let joins = behavior == .contiguous ? isFound == wasFound : isFound && !wasFound
            if joins, let last = pieces.last {
                pieces[pieces.count - 1] =
                    min(last.lowerBound, range.lowerBound)..<max(last.upperBound, range.upperBound)
            } else {
                pieces.append(range)
            }
            wasFound = isFound
        }
        return behavior == .mergedWithNext ? pieces.reversed() : pieces
    }

    /// What is found and what lies between, none of them empty.
    @inline(__always)
    private func forEachPart(of text: UnsafeBufferPointer<UInt8>, _ body: (Range<Int>, Bool) -> Void) {
        var last = 0
        forEachMatch(in: text) { match in
            if match.lowerBound > last { body(last..<match.lowerBound, false) }
            body(match, true)
            last = match.upperBound
        }
        if last < text.count { body(last..<text.count, false) }
    }

    @inline(__always)
    private func forEachMatch(in text: UnsafeBufferPointer<UInt8>, _ body: (Range<Int>) -> Void) {
        switch pattern {
        case .expression(let expression): expression.forEachMatch(in: text, body)
        case .text(let wanted): text.forEachPlace(of: Array(wanted.utf8), body)
        case .character(let kind):
            var position = 0
            while position < text.count {
                let (scalar, end) = text.scalar(at: position)
                if kind.contains(scalar) { body(position..<end) }
                position = end
            }
        case .words: Self.forEachWord(in: text, body)
        }
    }

    /// Runs of characters of words, and runs of others that are no white space.
    private static func forEachWord(in text: UnsafeBufferPointer<UInt8>, _ body: (Range<Int>) -> Void) {
        func kind(at position: Int) -> (isWord: Bool, isSpace: Bool, end: Int) {
            let (value, end) = text.scalar(at: position)
            let isWord = Unicode.Scalar(value)?.isWordCharacter ?? false
            return (isWord, !isWord && CharacterClass.of(value).contains(.whiteSpace), end)
        }
        var position = 0
        while position < text.count {
            let start = position
            let first = kind(at: position)
            position = first.end
            if first.isSpace { continue }
            while position < text.count, case let next = kind(at: position), !next.isSpace, next.isWord == first.isWord {
                position = next.end
            }
            body(start..<position)
        }
    }
}

extension TextSplit.Character {
    fileprivate func contains(_ scalar: UInt32) -> Bool {
        switch self {
        case .number: CharacterClass.of(scalar).contains(.digit)
        case .whiteSpace: CharacterClass.of(scalar).contains(.whiteSpace)
        case .punctuation: Unicode.Scalar(scalar).map(BertNormalizer.isPunctuation) ?? false
        }
    }
}

extension UnsafeBufferPointer<UInt8> {
    /// The places of a text that is not empty, from left to right; none overlaps another.
    func forEachPlace(of wanted: [UInt8], _ body: (Range<Int>) -> Void) {
        guard let first = wanted.first else { return }
        var position = 0
        while position + wanted.count <= count {
            if self[position] == first, wanted.indices.allSatisfy({ self[position + $0] == wanted[$0] }) {
                body(position..<position + wanted.count)
                position += wanted.count
            } else {
                position += 1
            }
        }
    }
}
