/// Text of others as a terminal may show it: what it would act on is written out, such as `\u{1B}`.
package enum TerminalText {
    /// The text with line breaks and tabs, and every other control character and mark that reorders text written out.
    package static func shown(_ text: String) -> String {
        guard text.unicodeScalars.contains(where: isWrittenOut) else { return text }
        var shown = String.UnicodeScalarView()
        for scalar in text.unicodeScalars {
            if isWrittenOut(scalar) {
                shown.append(contentsOf: "\\u{\(String(scalar.value, radix: 16, uppercase: true))}".unicodeScalars)
            } else {
                shown.append(scalar)
            }
        }
        return String(shown)
    }

    private static func isWrittenOut(_ scalar: Unicode.Scalar) -> Bool {
        // Most are of ASCII, and a table may have millions.
        if scalar.value < 0x7F { return scalar.value < 0x20 && scalar != "\n" && scalar != "\t" }
        return switch scalar {
        // Marks of direction: they hide what stands where.
        case "\u{200E}", "\u{200F}", "\u{061C}": true
        default: scalar.isControl
        }
    }
}
