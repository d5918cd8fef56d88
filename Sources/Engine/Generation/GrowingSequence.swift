/// An answer in progress: what is known of it, what of that is in the cache, and how it goes on.
struct GrowingSequence {
    /// Names the sequence for who started it.
    let id: Int
    /// Its number among the draws: random numbers depend on the seed, this number and the position.
    let item: Int
    let promptCount: Int
    let constraint: TokenConstraint?
    /// The answer, where it is known before; else empty.
    private let dictated: [Int32]
    let options: GenerationOptions
    private let maximumPositions: Int
    private let chooser: TokenChoice
    /// The tokens that answers are over.
    private let tokenCount: Int

    /// The prompt and what followed it.
    private(set) var tokens: [Int32]
    /// Cache blocks of all tokens that were read.
    var blocks: [Int] = []
    /// Number of `tokens` that were read.
    var read = 0
    /// The copy to make before the next token is read.
    var copy: BlockCopy?
    private(set) var answer = GeneratedSequence()
    /// For each token of the answer the most probable tokens at its place, where these are asked for.
    private(set) var alternatives: [[TokenAlternative]] = []
    private(set) var state: TokenConstraint.State
    private(set) var hasEnded = false
    /// Whether the model gave logits that are no numbers.
    private(set) var isBroken = false
    private var text: [UInt8] = []
    private var drafts = DraftTrust()

    /// - Parameter alternatives: the most probable tokens that are kept for each token; options must then record
    ///   log-probabilities.
    init(
        _ prompt: GenerationPrompt, id: Int, item: Int, options: GenerationOptions, alternatives: Int = 0,
        of configuration: ModelConfiguration
    ) {
        (self.id, self.item, self.options) = (id, item, options)
        (tokens, promptCount, dictated) = (prompt.tokens, prompt.tokens.count, prompt.dictated)
        constraint = prompt.constraint ?? options.constraint
        maximumPositions = configuration.maximumPositions
        tokenCount = configuration.tokenCount
        chooser = TokenChoice(options, vocabularySize: configuration.tokenCount, alternatives: alternatives)
        state = constraint?.start ?? 0
        hasEnded = options.maximumTokens <= 0
        appendForced()
    }

    /// Begins with blocks that hold the first tokens.
    mutating func begin(with start: (blocks: [Int], held: Int, copy: BlockCopy?)) {
        (blocks, read, copy) = (start.blocks, start.held, start.copy)
    }

    /// Tokens that may still be chosen.
    private var room: Int { min(options.maximumTokens - answer.tokens.count, maximumPositions - tokens.count + 1) }

    /// The tokens that may follow; `nil` where all may.
    private var mask: TokenMask? {
        if answer.tokens.count < dictated.count { return TokenMask([dictated[answer.tokens.count]]) }
        return constraint?.mask(in: state, tokensLeft: room, stopTokens: options.stopTokens)
    }

    /// Appends what rows of logits [1 + draft.count, V] choose. The first row follows the known tokens, each further row one more
    /// drafted token. A row counts where the tokens before it are those that were chosen.
    ///
    /// - Returns: the number of drafted tokens that were chosen.
    mutating func append(from logits: UnsafeMutablePointer<Float>, rowSize: Int, draft: [Int32]) -> Int {
        var row = 0
        repeat {
            let values = logits + row * rowSize
            if !values[0].isFinite { isBroken = true }
            append(chooser.choose(values, item: item, position: answer.tokens.count, mask: mask))
            while row < draft.count, read < tokens.count, tokens[read] == draft[row] {
                read += 1
                row += 1
            }
        } while !hasEnded && read == tokens.count
        drafts.note(accepted: row, of: hasEnded ? row : draft.count)
        return row
    }

    /// Appends a chosen token, and those behind it that no choice is needed for.
    mutating func append(_ choice: ChosenToken) {
        add(choice)
        appendForced()
    }

    /// Appends tokens while only one may follow. Where its probability is asked for, the model's logits are needed.
    private mutating func appendForced() {
        guard constraint != nil, !options.recordsLogProbabilities else { return }
        while !hasEnded, let token = mask?.only, token < tokenCount { add(ChosenToken(token: token)) }
    }

    /// Adds a token; ends the answer where the token or a limit ends it.
    private mutating func add(_ choice: ChosenToken) {
        if options.recordsLogProbabilities {
            answer.logProbabilities.append(choice.logProbability)
            answer.choiceLogProbabilities.append(choice.choiceLogProbability)
        }
        if options.stopTokens.contains(choice.token) { return end(.stopToken) }
        answer.tokens.append(choice.token)
        tokens.append(choice.token)
        if !choice.alternatives.isEmpty { alternatives.append(choice.alternatives) }
        if let stops = options.stopSequences { cut(at: stops) }
        if let constraint, !hasEnded {
            state = constraint.state(after: choice.token, from: state)
            if constraint.isComplete(state) { end(.completion) }
        }
        if answer.tokens.count >= options.maximumTokens || tokens.count > maximumPositions { hasEnded = true }
    }

    private mutating func end(_ end: GeneratedSequence.End) {
        answer.end = end
        hasEnded = true
    }

    /// Ends the answer before a stop text where the last token completes one.
    private mutating func cut(at stops: StopSequences) {
        let before = text.count
        if let token = answer.tokens.last { text += stops.vocabulary.bytes(of: token) }
        guard let start = stops.firstMatch(in: text, new: before) else { return }
        var surplus = text.count - start
        while let last = answer.tokens.last, case let size = stops.vocabulary.bytes(of: last).count, size <= surplus {
            surplus -= size
            answer.tokens.removeLast()
        }
        answer.surplusBytes = surplus
        answer.logProbabilities.removeLast(max(0, answer.logProbabilities.count - answer.tokens.count))
        answer.choiceLogProbabilities.removeLast(max(0, answer.choiceLogProbabilities.count - answer.tokens.count))
        end(.stopSequence)
    }
}

/// What others may know of it while it grows.
extension GrowingSequence {
    /// The number of the answer's tokens that no stop text takes back any more, in whole or in part. It never falls.
    var settledCount: Int {
        guard let stops = options.stopSequences else { return answer.tokens.count }
        if hasEnded { return answer.tokens.count - (answer.surplusBytes > 0 ? 1 : 0) }
        var count = answer.tokens.count
        var begun = stops.begunBytes(of: text)
        // A cut takes the tokens without bytes before it too.
        while count > 0, case let size = stops.vocabulary.bytes(of: answer.tokens[count - 1]).count, begun > 0 || size == 0 {
            begun -= size
            count -= 1
        }
        return count
    }

    /// Tokens that are read until the end at most.
    private var mostTokens: Int { min(promptCount + min(options.maximumTokens, maximumPositions), maximumPositions) }

    /// Blocks that it may still take until its end.
    var promisedBlocks: Int { max(0, CacheBlocks.count(for: mostTokens) - blocks.count) }

    /// Blocks that it may take in its next step.
    func wantedBlocks(drafting most: Int) -> Int {
        max(0, CacheBlocks.count(for: min(tokens.count + most, mostTokens)) - blocks.count)
    }
}

/// Drafts: tokens that are likely to follow, which a step reads before it knows.
extension GrowingSequence {
    /// The text that the constraint leaves no choice about, as it is usually spelled; else what followed the same tokens before.
    mutating func draft(upTo most: Int, beside others: Int) -> [Int32] {
        let most = min(most, room - 1)
        guard most > 0 else { return [] }
        if answer.tokens.count < dictated.count { return possible(dictated[answer.tokens.count...].prefix(most)) }
        let expected = constraint?.expectedTokens(from: state) ?? []
        let source = expected.isEmpty ? DraftTrust.Source.repetition : .constraint
        let length = drafts.length(from: source, upTo: most, beside: others)
        guard length > 0 else { return [] }
        var draft = ArraySlice(expected)
        if expected.isEmpty { draft = Repetition.continuation(of: tokens, upTo: length) }
        return possible(draft.prefix(length))
    }

    /// The first tokens of a draft, as long as they are possible and the answer goes on.
    private func possible(_ draft: ArraySlice<Int32>) -> [Int32] {
        var state = self.state
        return Array(
            draft.prefix { token in
                guard let constraint else { return !options.stopTokens.contains(token) }
                state = constraint.state(after: token, from: state)
                return state != ByteStates.dead && !options.stopTokens.contains(token)
            })
    }
}
