/// Texts as Python's `str` and `re` treat them, which the reference implementations of text metrics are written with.
enum PythonText {
    /// `str.lower`: full mappings, and a sigma at the end of a word becomes ς.
    static func lowercased(_ text: String) -> String {
        let scalars = Array(text.unicodeScalars)
        var result = String.UnicodeScalarView()
        for (place, scalar) in scalars.enumerated() {
            if scalar == "Σ" {
                result.append(endsWord(scalars, at: place) ? "ς" : "σ")
            } else {
                result.append(contentsOf: scalar.properties.lowercaseMapping.unicodeScalars)
            }
        }
        return String(result)
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
