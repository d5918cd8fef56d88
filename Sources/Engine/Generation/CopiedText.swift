import CanonicalJSON

/// The parts of a question that an argument may be copied from: one piece, or several in a row with what stands between them.
///
/// A piece is a run of letters, digits and marks, or any other character that is no white space. A letter of a script without
/// spaces between words (Chinese, Japanese, Thai and their like) is a piece of its own.
package struct CopiedText {
    private let pieces: [(gap: String, text: String)]

    package init(_ question: String) {
        var pieces: [(gap: String, text: String)] = []
        var gap = ""
        var isOpen = false
        for character in question {
            if character.isWhitespace {
                gap.append(character)
                isOpen = false
                continue
            }
            let isOfWord = (character.isLetter || character.isNumber) && !Self.standsAlone(character)
            if isOpen, isOfWord, let last = pieces.indices.last {
                pieces[last].text.append(character)
            } else {
                pieces.append((gap, String(character)))
                gap = ""
            }
            isOpen = isOfWord
        }
        self.pieces = pieces
    }

    /// Whether a text is such a part, byte for byte.
    package func has(_ text: String) -> Bool {
        let wanted = Array(text.utf8)
        return pieces.indices.contains { start in
            var part = Array(pieces[start].text.utf8)
            for piece in pieces[(start + 1)...] where part.count < wanted.count {
                part += Array(piece.gap.utf8) + Array(piece.text.utf8)
            }
            return part == wanted
        }
    }

    /// - Parameter spell: what an answer writes for a text.
    /// - Returns: `nil` where the question has nothing to copy.
    func pattern(_ spell: (String) -> String) -> BytePattern? {
        pieces.isEmpty ? nil : .part(pieces.map { .init(gap: Array(spell($0.gap).utf8), bytes: Array(spell($0.text).utf8)) })
    }

    private static func standsAlone(_ character: Character) -> Bool {
        guard let scalar = character.unicodeScalars.first else { return false }
        return scalar.properties.isIdeographic || scriptsWithoutSpaces.contains { $0.contains(scalar.value) }
    }

    /// Thai, Lao, Burmese, Khmer, Hiragana and Katakana.
    private static let scriptsWithoutSpaces: [ClosedRange<UInt32>] = [
        0x0E00...0x0EFF, 0x1000...0x109F, 0x1780...0x17FF, 0x3040...0x30FF,
    ]
}

extension ValueSpelling {
    /// A text of the question between quotation marks; `nil` where nothing is copied.
    var copied: BytePattern? {
        let inner = { (text: String) in String(JSON.string(text).canonicalText.dropFirst().dropLast()) }
        return question.flatMap { CopiedText($0).pattern(inner) }.map { .sequence([.text("\""), $0, .text("\"")]) }
    }
}
