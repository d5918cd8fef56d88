import CanonicalJSON
import Engine

/// Functions and the ways to ask for them: everything that rows are generated from.
struct TemplateLibrary: Sendable {
    /// Sorted by name.
    var functions: [FunctionDefinition]
    /// Templates by function, sorted by the function's name; the rows without a call last.
    var groups: [Group]
    /// Words before and after a sentence, the empty text among them. A repeated entry is drawn more often.
    var prefixes: [String]
    var suffixes: [String]

    struct Group: Sendable {
        /// `nil` where no function is wanted.
        var function: String?
        var templates: [UtteranceTemplate]

        var name: String { function ?? "no_call" }
    }
}

/// A sentence with gaps: `turn {state} the lights in the {room}`.
struct UtteranceTemplate: Sendable {
    enum Piece: Sendable {
        case text(String)
        case gap(Gap)
    }

    /// A place that one of several values fills.
    struct Gap: Sendable {
        /// The argument that takes the value; `nil` where no function is called.
        var argument: String?
        var slot: String
        var choices: [Choice]
        /// Whether a share of the values may be kept from training.
        var mayHoldOut: Bool
    }

    /// What is said, and what it means.
    struct Choice: Hashable, Sendable {
        var spoken: String
        var value: JSON
    }

    var pieces: [Piece]
    /// Arguments that the words themselves state.
    var fixedArguments: [String: JSON]

    var gaps: [Gap] {
        pieces.compactMap { piece in if case .gap(let gap) = piece { gap } else { nil } }
    }

    /// The sentence and its arguments with one choice per gap, in the order of the gaps.
    func filled(with choices: [Choice]) -> (text: String, arguments: [String: JSON]) {
        var text = ""
        var arguments = fixedArguments
        var next = choices.makeIterator()
        for piece in pieces {
            switch piece {
            case .text(let words): text += words
            case .gap(let gap):
                guard let choice = next.next() else { continue }
                text += choice.spoken
                if let argument = gap.argument { arguments[argument] = choice.value }
            }
        }
        return (text, arguments)
    }
}
