/// An answer in the making.
struct GrowingSequence {
    let item: Int
    let prompt: [Int32]
    let constraint: TokenConstraint?
    /// Of the cache, for all that is read.
    var blocks: [Int]
    /// Tokens that were read: of the prompt, then of the answer.
    var read: Int
    /// To be made before the next token is read.
    var copy: BlockCopy?
    private(set) var answer = GeneratedSequence()
    private(set) var state: TokenConstraint.State
    private(set) var hasEnded = false
    private var text: [UInt8] = []

    init(_ entry: PromptQueue.Entry, constraint: TokenConstraint?, blocks: [Int], read: Int, copy: BlockCopy?) {
        item = entry.item
        prompt = entry.prompt.tokens
        self.constraint = constraint
        self.blocks = blocks
        self.read = read
        self.copy = copy
        state = constraint?.start ?? 0
    }

    /// Takes the token that was chosen, and ends where it says so.
    mutating func append(_ choice: ChosenToken, options: GenerationOptions, maximumPositions: Int) {
        if options.recordsLogProbabilities {
            answer.logProbabilities.append(choice.logProbability)
            answer.choiceLogProbabilities.append(choice.choiceLogProbability)
        }
        if options.stopTokens.contains(choice.token) { return end(.stopToken) }
        answer.tokens.append(choice.token)
        if let stops = options.stopSequences { cut(at: stops) }
        if let constraint, !hasEnded {
            state = constraint.state(after: choice.token, from: state)
            if constraint.isComplete(state) { end(.completion) }
        }
        if answer.tokens.count >= options.maximumTokens || read >= maximumPositions { hasEnded = true }
    }

    private mutating func end(_ end: GeneratedSequence.End) {
        answer.end = end
        hasEnded = true
    }

    /// Ends the answer before a stop text, if its last token completes one.
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
