/// Cuts text into words, single digits, runs of spaces and runs of everything else; no token crosses a cut.
enum PreTokenizer {
    /// The same cuts as a regular expression, for the `tokenizers` library.
    static let pattern = #"[\p{L}\p{M}]+|\p{N}| +|[^\p{L}\p{M}\p{N} ]+"#

    private enum Class {
        case letter, digit, space, other
    }

    /// The pieces of `text` as ranges of its UTF-8 bytes, in order and without gaps.
    static func pieces(of text: String) -> [Range<Int>] {
        var pieces: [Range<Int>] = []
        var start = 0
        var end = 0
        var current: Class?
        for scalar in text.unicodeScalars {
            let next = classify(scalar)
            if next != current || next == .digit {
                if end > start { pieces.append(start..<end) }
                start = end
                current = next
            }
            end += UTF8.width(scalar)
        }
        if end > start { pieces.append(start..<end) }
        return pieces
    }

    private static func classify(_ scalar: Unicode.Scalar) -> Class {
        switch scalar.value {
        case 0x20: .space
        case 0x30...0x39: .digit
        case 0x41...0x5A, 0x61...0x7A: .letter
        case 0..<0x80: .other
        default: classifyByCategory(scalar)
        }
    }

    private static func classifyByCategory(_ scalar: Unicode.Scalar) -> Class {
        let properties = scalar.properties
        // The library's tables are those of Unicode 16: a later character has no category there.
        guard let age = properties.age, age.major <= 16 else { return .other }
        return switch properties.generalCategory {
        case .uppercaseLetter, .lowercaseLetter, .titlecaseLetter, .modifierLetter, .otherLetter,
            .nonspacingMark, .spacingMark, .enclosingMark:
            .letter
        case .decimalNumber, .letterNumber, .otherNumber: .digit
        default: .other
        }
    }
}
