/// How people use capitals in a question.
enum LetterCase: CaseIterable {
    /// A capital at the beginning, and for `I`.
    case sentence
    case small
    case capitals
    /// A capital for each word.
    case title

    /// Sentences are most common.
    static func drawn(_ random: inout RowRandom) -> LetterCase {
        switch random.unit() {
        case ..<0.6: .sentence
        case ..<0.78: .small
        case ..<0.92: .capitals
        default: .title
        }
    }
}

extension Character {
    /// The small or capital form; the character itself where a language decides what that is, as for `i` without its dot or for
    /// `ß`, or where the other form does not lead back.
    func cased(_ isUpper: Bool) -> Character {
        let other = isUpper ? uppercased() : lowercased()
        guard other.count == 1, let character = other.first else { return self }
        let back = isUpper ? character.lowercased() : character.uppercased()
        return back == String(self) || character == self ? character : self
    }
}
