/// The changes of a question's letters and marks.
extension UtteranceText {
    mutating func changeCase(_ letterCase: LetterCase) {
        var isFirst = true
        var isWordStart = true
        for index in pieces.indices {
            let mayChange = pieces[index].freedom != .fixed
            let characters = Array(pieces[index].text)
            pieces[index].text = String(
                characters.indices.map { place in
                    let character = characters[place]
                    defer {
                        if character.isWordCharacter { isFirst = false }
                        isWordStart = !character.isWordCharacter && character != "'" && character != "’"
                    }
                    guard mayChange, character.isLetter else { return character }
                    switch letterCase {
                    case .small: return character.cased(false)
                    case .capitals: return character.cased(true)
                    case .title: return isWordStart ? character.cased(true) : character
                    case .sentence: return isFirst || isPronoun(characters, place) ? character.cased(true) : character
                    }
                })
        }
    }

    /// Whether a character is the word `i`.
    private func isPronoun(_ characters: [Character], _ place: Int) -> Bool {
        guard characters[place] == "i" else { return false }
        let before = place == 0 ? nil : characters[place - 1]
        let after = place + 1 < characters.count ? characters[place + 1] : nil
        return before.map(\.isWhitespace) ?? true && after.map { $0.isWhitespace || $0 == "'" } ?? true
    }

    /// Another mark at the end, or none. A question keeps its question mark more often than a request gets one.
    mutating func changeEnd(_ random: inout RowRandom) {
        let old = takeEnd()
        let marks = asks ? ["?", "?", "??", "", "."] : [".", ".", "!", "", "!!", "..."]
        let other = marks.filter { $0 != old }
        pieces.append(Piece(text: random.element(of: other) ?? "", freedom: .free))
    }

    /// Whether the first word is one that questions begin with.
    private var asks: Bool {
        let words: Set = [
            "what", "what's", "where", "where's", "when", "who", "who's", "how", "how's", "why", "which", "is",
            "are", "do", "does", "did", "can", "could", "would", "will",
        ]
        return words.contains(text.lowercased().prefix { !$0.isWhitespace && $0 != "," }.description)
    }

    /// One more space between two words, or at an end.
    mutating func addSpace(_ random: inout RowRandom) {
        let gaps = pieces.indices.flatMap { piece -> [(Int, Int)] in
            guard pieces[piece].freedom == .free else { return [] }
            return Array(pieces[piece].text).enumerated().filter { $0.element == " " }.map { (piece, $0.offset) }
        }
        guard let (piece, offset) = random.element(of: gaps) else { return }
        let text = pieces[piece].text
        pieces[piece].text.insert(" ", at: text.index(text.startIndex, offsetBy: offset))
    }

    /// Exchanges one long form for its contraction or the other way round, the first of the question.
    mutating func changeContraction(_ random: inout RowRandom) {
        let toShort = random.unit() < 0.7
        for index in pieces.indices where pieces[index].freedom == .free {
            for (long, short) in EnglishPhrases.contractions {
                let (old, new) = toShort ? (long, short) : (short, long)
                guard let range = pieces[index].text.firstWholeRange(of: old) else { continue }
                pieces[index].text.replaceSubrange(range, with: new)
                return
            }
        }
    }
}

extension String {
    /// Where words stand that no letter or digit goes on from.
    func firstWholeRange(of words: String) -> Range<Index>? {
        ranges(of: words).first { range in
            (range.lowerBound == startIndex || !self[index(before: range.lowerBound)].isWordCharacter)
                && (range.upperBound == endIndex || !self[range.upperBound].isWordCharacter)
        }
    }
}
