/// Divides a text into words, as BERT's normalizer and pre-tokenizer of the `tokenizers` library do.
///
/// It removes control characters and, where set, accents and capitals; Chinese characters and punctuation are words of their
/// own. The library classifies characters by Unicode 8 and decomposes by Unicode 9; both were measured over all code points.
struct BertNormalizer: Hashable, Sendable {
    var cleansText = true
    var separatesChinese = true
    var stripsAccents = true
    var lowersCase = true

    /// The words of a text, each of at least one scalar.
    func words(of text: String) -> [[Unicode.Scalar]] {
        var words: [[Unicode.Scalar]] = []
        var word: [Unicode.Scalar] = []
        func endWord() {
            if !word.isEmpty { words.append(word) }
            word.removeAll(keepingCapacity: true)
        }
        for scalar in normalized(text) {
            if scalar.properties.isWhitespace {
                endWord()
            } else if Self.isPunctuation(scalar) {
                endWord()
                words.append([scalar])
            } else {
                word.append(scalar)
            }
        }
        endWord()
        return words
    }

    private func normalized(_ text: String) -> [Unicode.Scalar] {
        var scalars: [Unicode.Scalar] = []
        for scalar in text.unicodeScalars where !cleansText || !Self.isRemoved(scalar) {
            let isChinese = separatesChinese && Self.isChinese(scalar)
            if isChinese { scalars.append(" ") }
            scalars.append(scalar)
            if isChinese { scalars.append(" ") }
        }
        if stripsAccents { scalars = Decomposition.canonical(scalars).filter { !Self.isAccent($0) } }
        return lowersCase
            ? scalars.flatMap { $0.isASCII ? [Self.lowered($0)] : Array($0.properties.lowercaseMapping.unicodeScalars) }
            : scalars
    }

    private static func lowered(_ scalar: Unicode.Scalar) -> Unicode.Scalar {
        ("A"..."Z").contains(scalar) ? Unicode.Scalar(UInt8(scalar.value) + 32) : scalar
    }

    // MARK: Classes of characters

    /// Whether a character is removed: control, format, private and replacement characters. Tabs and line ends stay.
    private static func isRemoved(_ scalar: Unicode.Scalar) -> Bool {
        switch scalar.value {
        case 9, 10, 13: return false
        case 0xFFFD: return true
        case 0x20..<0x7F: return false
        default:
            switch scalar.properties.generalCategory {
            case .control, .privateUse: return true
            case .format: return scalar.isAssigned(inUnicode: 8)
            default: return false
            }
        }
    }

    private static func isChinese(_ scalar: Unicode.Scalar) -> Bool {
        switch scalar.value {
        // The gap before 0x2B920 is the library's.
        case 0x3400...0x4DBF, 0x4E00...0x9FFF, 0xF900...0xFAFF, 0x20000...0x2A6DF, 0x2A700...0x2B81F, 0x2B920...0x2CEAF,
            0x2F800...0x2FA1F:
            true
        default: false
        }
    }

    static func isPunctuation(_ scalar: Unicode.Scalar) -> Bool {
        switch scalar.value {
        case 0x21...0x2F, 0x3A...0x40, 0x5B...0x60, 0x7B...0x7E: return true
        case 0..<0x80: return false
        // Punctuation in Unicode 8, and not since.
        case 0x166D, 0x111C9: return true
        default:
            switch scalar.properties.generalCategory {
            case .connectorPunctuation, .dashPunctuation, .openPunctuation, .closePunctuation, .initialPunctuation,
                .finalPunctuation, .otherPunctuation:
                return scalar.isAssigned(inUnicode: 8)
            default: return false
            }
        }
    }

    private static func isAccent(_ scalar: Unicode.Scalar) -> Bool {
        switch scalar.value {
        case 0..<0x300: return false
        // Marks without width in Unicode 8, and not since; and the other way round.
        case 0x1734, 0x1171E: return true
        case 0x1885, 0x1886, 0xA9BD, 0x111C9: return false
        default: return scalar.properties.generalCategory == .nonspacingMark && scalar.isAssigned(inUnicode: 8)
        }
    }
}
