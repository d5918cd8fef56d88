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
        /// Groups of one repertoire have the same templates, and lose the same ones to the set `phrasing`.
        var repertoire: String
        /// Who says a family's templates.
        var member: FunctionFamily.Member?

        var name: String { function ?? "no_call" }
    }
}

/// A sentence with gaps: `turn {state} the lights in the {room}`.
struct UtteranceTemplate: Sendable {
    enum Piece: Sendable {
        case text(String)
        case gap(Gap)
        /// A word of the family that each member has its own of.
        case word(String)
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

    /// What rows say that they are made with: `set_light/3`.
    var name: String
    var pieces: [Piece]
    /// Arguments that the words themselves state.
    var fixedArguments: [String: JSON]

    var gaps: [Gap] {
        pieces.compactMap { piece in if case .gap(let gap) = piece { gap } else { nil } }
    }

    var words: [String] {
        pieces.compactMap { piece in if case .word(let word) = piece { word } else { nil } }
    }

    /// The names of all that it states.
    var arguments: Set<String> { Set(gaps.compactMap(\.argument)).union(fixedArguments.keys) }

    /// The sentence and its arguments with one choice per gap, in the order of the gaps.
    ///
    /// - Parameter member: whose words and names of parameters they are, where the template is a family's.
    func filled(with choices: [Choice], by member: FunctionFamily.Member?) -> (text: String, arguments: [String: JSON]) {
        var text = ""
        var arguments = fixedArguments
        var next = choices.makeIterator()
        for piece in pieces {
            switch piece {
            case .text(let words): text += words
            case .word(let word): text += member?.words[word] ?? ""
            case .gap(let gap):
                guard let choice = next.next() else { continue }
                text += choice.spoken
                if let argument = gap.argument { arguments[argument] = choice.value }
            }
        }
        guard let member else { return (text, arguments) }
        let named = arguments.map { (member.parameters[$0.key] ?? $0.key, $0.value) }
        return (text, Dictionary(named, uniquingKeysWith: { first, _ in first }))
    }
}
