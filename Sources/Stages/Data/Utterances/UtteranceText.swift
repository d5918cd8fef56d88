/// A question as words that may change and words that may not.
struct UtteranceText: Hashable {
    /// Words before or after a question.
    enum Phrase: Hashable, Sendable {
        case before(String)
        case after(String)
    }

    /// What may happen to a piece.
    enum Freedom: Hashable {
        case free
        /// Case alone; mistyped only where the other values of its list stay further away.
        case listed(others: Set<String>)
        case anyCase
        case fixed
    }

    /// Text between two borders of protection, white space included.
    struct Piece: Hashable {
        var text: String
        var freedom: Freedom
    }

    var pieces: [Piece]

    var text: String { pieces.map(\.text).joined() }

    init(_ query: String, protecting words: ProtectedWords) {
        pieces = [Piece(text: query, freedom: .free)]
        // Longer values first: a value may hold another one.
        let values =
            words.exact.map { ($0, Freedom.fixed) }
            + words.anyCase.map { ($0, words.listed[$0].map { .listed(others: $0) } ?? Freedom.anyCase) }
        for (value, freedom) in values.sorted(by: { ($1.0.utf8.count, $0.0) < ($0.0.utf8.count, $1.0) }) where !value.isEmpty {
            pieces = pieces.flatMap { $0.freedom == .free ? $0.split(around: value, freedom) : [$0] }
        }
    }

    /// Adds words of a phrase, with a space between. What comes before a question takes away nothing from it; what comes after
    /// it comes before its mark.
    mutating func add(_ phrase: Phrase) {
        switch phrase {
        case .before(let words): pieces.insert(Piece(text: words + " ", freedom: .free), at: 0)
        case .after(let words):
            let mark = takeEnd()
            pieces.append(Piece(text: " " + words + mark, freedom: .free))
        }
    }

    /// Takes the marks and the white space off the end.
    mutating func takeEnd() -> String {
        guard let last = pieces.last, last.freedom == .free else { return "" }
        let kept = last.text.reversed().drop { $0.isWhitespace || ".!?…".contains($0) }
        let end = String(last.text.dropFirst(kept.count))
        pieces[pieces.count - 1].text = String(kept.reversed())
        return String(end.filter { !$0.isWhitespace })
    }
}

extension UtteranceText.Piece {
    /// The text around every place where a value stands as whole words, and the value itself with its freedom.
    fileprivate func split(around value: String, _ freedom: UtteranceText.Freedom) -> [Self] {
        var pieces: [Self] = []
        var rest = text[...]
        var start = text.startIndex
        while let range = text[start...].firstRange(of: value) {
            start = range.upperBound
            guard isBorder(before: range.lowerBound), isBorder(after: range.upperBound) else { continue }
            if rest.startIndex < range.lowerBound {
                pieces.append(Self(text: String(text[rest.startIndex..<range.lowerBound]), freedom: .free))
            }
            pieces.append(Self(text: String(text[range]), freedom: freedom))
            rest = text[range.upperBound...]
        }
        return rest.isEmpty ? pieces : pieces + [Self(text: String(rest), freedom: .free)]
    }

    private func isBorder(before index: String.Index) -> Bool {
        index == text.startIndex || !text[text.index(before: index)].isWordCharacter
    }

    private func isBorder(after index: String.Index) -> Bool { index == text.endIndex || !text[index].isWordCharacter }
}

extension Character {
    var isWordCharacter: Bool { isLetter || isNumber }
}
