import CanonicalJSON
import Engine
import Synchronization
import Words

/// What a request wants an answer to be. Equal wishes of one model have one grammar, unless arguments are copied from questions.
struct AnswerWish: Hashable, Sendable {
    /// The request's own functions.
    var tools: [FunctionDefinition]?
    var choice = ToolWish.Choice.auto
    var isParallel = true
    var format: ObjectSchema?
    var isConstrained = true
    /// Whether it was decided that something is called.
    var isCalling = false

    /// What is usual: calls of the model's own functions or none, a label, an object.
    init() {}

    init(_ request: ChatRequest) {
        (tools, choice, isParallel) = (request.tools.given, request.tools.choice, request.tools.isParallel)
        (format, isConstrained) = (request.format, request.isConstrained)
    }

    var isUsual: Bool { self == AnswerWish() }

    var calling: AnswerWish {
        var copy = self
        copy.isCalling = true
        return copy
    }
}

extension JSON {
    /// Whether an argument is copied from the question, anywhere in a function's parameters.
    var copiesQuestions: Bool {
        switch self {
        case .array(let elements): elements.contains(where: \.copiesQuestions)
        case .object: self[SchemaMember.copy] == true || sortedMembers.contains { $0.value.copiesQuestions }
        default: false
        }
    }
}

/// The constraints that were made, so that answers of the same form share one. Those that were not used for long are forgotten.
final class KnownConstraints: Sendable {
    enum Key: Hashable, Sendable {
        case wish(AnswerWish)
        case pattern(BytePattern)
    }

    private struct Entry {
        let constraint: TokenConstraint?
        var lastUse: Int
    }

    private struct State {
        var entries: [Key: Entry] = [:]
        var uses = 0
    }

    private static let most = 256

    let vocabulary: Vocabulary
    private let state = Mutex(State())

    init(_ vocabulary: Vocabulary) { self.vocabulary = vocabulary }

    /// - Parameter pattern: makes the grammar, where none is known yet; `nil` where there is none.
    func constraint(
        _ key: Key, _ pattern: () throws(RowError) -> BytePattern?
    ) throws(RowError) -> TokenConstraint? {
        let known = state.withLock { state -> Entry? in
            state.uses += 1
            state.entries[key]?.lastUse = state.uses
            return state.entries[key]
        }
        if let known { return known.constraint }
        let made = try pattern().map { TokenConstraint($0, vocabulary: vocabulary) }
        state.withLock { state in
            if state.entries.count >= Self.most, let oldest = state.entries.min(by: { $0.value.lastUse < $1.value.lastUse }) {
                state.entries[oldest.key] = nil
            }
            state.entries[key] = Entry(constraint: made, lastUse: state.uses)
        }
        return made
    }
}
