import Diagnostics
import SpannedYAML

/// A text that says a family's words: `{action}_{device}`.
struct WordPattern {
    private enum Piece {
        case text(Substring)
        case word(String)
    }

    private var pieces: [Piece] = []

    /// Reports gaps that are no word of the family.
    init(_ node: Node, words: [String: [String]], _ findings: inout [Diagnostic]) {
        let text = node.scalar?.text ?? ""
        var position = text.startIndex
        for gap in text.matches(of: /\{([^{}]*)\}/) {
            pieces += [.text(text[position..<gap.range.lowerBound]), .word(String(gap.1))]
            position = gap.range.upperBound
            guard words[String(gap.1)] == nil else { continue }
            findings.append(
                .unknown(
                    "unknown-word", "word", String(gap.1), known: Array(words.keys),
                    at: node.span(ofText: text.bytes(gap.range)))
            )
        }
        pieces.append(.text(text[position...]))
    }

    func filled(with words: [String: String]) -> String {
        pieces.reduce(into: "") { text, piece in
            switch piece {
            case .text(let part): text += part
            case .word(let name): text += words[name] ?? ""
            }
        }
    }
}

extension String {
    fileprivate func bytes(_ range: Range<Index>) -> Range<Int> {
        utf8.distance(from: startIndex, to: range.lowerBound)..<utf8.distance(from: startIndex, to: range.upperBound)
    }
}
