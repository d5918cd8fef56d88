/// Texts as Python's `str` and `re` treat them, which the reference implementations of text metrics are written with.
package enum PythonText {
    /// `str.lower`: full mappings, and a sigma at the end of a word becomes ς.
    static func lowercased(_ text: String) -> String {
        let scalars = Array(text.unicodeScalars)
        return scalars.indices.map { lowercase(scalars, at: $0) }.joined()
    }

    /// `str.capitalize`: the first letter in title case, the others in lower case.
    package static func capitalized(_ text: String) -> String {
        let scalars = Array(text.unicodeScalars)
        let first = scalars.first?.properties.titlecaseMapping ?? ""
        return first + scalars.indices.dropFirst().map { lowercase(scalars, at: $0) }.joined()
    }

    /// `str.strip`: the text without white space at its ends.
    package static func stripped(_ text: String) -> String {
        let scalars = text.unicodeScalars.drop(while: isSpace)
        let end = scalars.lastIndex { !isSpace($0) }.map { scalars.index(after: $0) } ?? scalars.startIndex
        return String(scalars[..<end])
    }

    private static func lowercase(_ scalars: [Unicode.Scalar], at place: Int) -> String {
        guard scalars[place] == "Σ" else { return scalars[place].properties.lowercaseMapping }
        return endsWord(scalars, at: place) ? "ς" : "σ"
    }

    /// Unicode's rule Final_Sigma: a cased letter before the place and none after it, marks and the like left aside.
    private static func endsWord(_ scalars: [Unicode.Scalar], at place: Int) -> Bool {
        func isLetter(_ scalar: Unicode.Scalar?) -> Bool { scalar?.properties.isCased ?? false }
        let before = scalars[..<place].last { !$0.properties.isCaseIgnorable }
        let after = scalars[(place + 1)...].first { !$0.properties.isCaseIgnorable }
        return isLetter(before) && !isLetter(after)
    }

    /// `str.isspace`: Unicode's white space, and the four information separators.
    static func isSpace(_ scalar: Unicode.Scalar) -> Bool {
        scalar.properties.isWhitespace || (0x1C...0x1F).contains(scalar.value)
    }

    /// `\w` of `re` without the underscore: letters and numbers of all scripts, but no marks.
    static func isWord(_ scalar: Unicode.Scalar) -> Bool {
        switch scalar.properties.generalCategory {
        case .uppercaseLetter, .lowercaseLetter, .titlecaseLetter, .modifierLetter, .otherLetter: true
        default: scalar.properties.numericType != nil
        }
    }

    /// `str.split()`: the parts between white space, none of them empty.
    static func words(of text: String) -> [String] {
        text.unicodeScalars.split(whereSeparator: isSpace).map { String($0) }
    }
}
