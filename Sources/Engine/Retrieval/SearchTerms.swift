/// The words of a text or of a name that a search compares.
package enum SearchTerms {
    /// Runs of letters, marks and digits in lower case. Names are cut too: `AddToPlaylist`, `add_to_playlist` and
    /// "add to playlist" give the same, `HTTPServer` gives `http`, `server`.
    package static func terms(of text: String) -> [String] {
        words(of: text).map { $0.lowercased() }
    }

    /// The same in its own case.
    package static func words(of text: String) -> [String] {
        var words: [String] = []
        var word = String.UnicodeScalarView()
        func endWord() {
            if !word.isEmpty { words.append(String(word)) }
            word = String.UnicodeScalarView()
        }
        let scalars = Array(text.unicodeScalars)
        for (index, scalar) in scalars.enumerated() {
            guard isPart(scalar) else {
                endWord()
                continue
            }
            if let last = word.last, scalar.properties.isUppercase {
                let next = index + 1 < scalars.count ? scalars[index + 1] : nil
                if !last.properties.isUppercase || next?.properties.isLowercase == true { endWord() }
            }
            word.append(scalar)
        }
        endWord()
        return words
    }

    private static func isPart(_ scalar: Unicode.Scalar) -> Bool {
        switch scalar.properties.generalCategory {
        case .uppercaseLetter, .lowercaseLetter, .titlecaseLetter, .modifierLetter, .otherLetter, .nonspacingMark, .spacingMark,
            .enclosingMark, .decimalNumber, .letterNumber, .otherNumber:
            true
        default: false
        }
    }
}
