/// A run of generation: the sequences in progress, and the step that reads and chooses their tokens.
struct GenerationRun {
    private let decoder: StepDecoder
    private let options: GenerationOptions
    private let places: Int
    private let promptTokensPerStep: Int
    private let chooser: TokenChoice
    private var queue: PromptQueue
    private var head = SharedHead()
    /// Sequences in progress, in the order in which they started.
    private var growing: [GrowingSequence] = []

    init(queue: PromptQueue, decoder: StepDecoder, options: GenerationOptions, places: Int, promptTokensPerStep: Int) {
        (self.queue, self.decoder, self.options) = (queue, decoder, options)
        (self.places, self.promptTokensPerStep) = (places, promptTokensPerStep)
        chooser = TokenChoice(options, vocabularySize: decoder.configuration.tokenCount)
    }

    /// Reads one token of every sequence and as many tokens of the next prompts as fit.
    ///
    /// - Returns: the answers that ended, by item; `nil` when nothing is left.
    mutating func advance() -> [(item: Int, answer: GeneratedSequence)]? {
        var batch = StepBatch()
        var predicting: [Int] = []
        var copies: [BlockCopy] = []
        var left = promptTokensPerStep
        var place = 0
        // Later prompts share blocks of earlier ones: a prompt starts when the earlier ones are read, or are read in this step.
        while left > 0, place < growing.count || admitNext() {
            if let copy = growing[place].copy { copies.append(copy) }
            if readNext(of: place, into: &batch, promptTokens: &left) { predicting.append(place) }
            place += 1
        }
        for place in place..<max(place, growing.count) {
            if readNext(of: place, into: &batch, promptTokens: &left) { predicting.append(place) }
        }
        guard !batch.tokens.isEmpty else {
            head.release(in: decoder.cache)
            return nil
        }
        let logits = decoder.read(batch)
        decoder.cache.release(copies.map(\.source))
        choose(for: predicting, logits)
        return takeEnded()
    }

    /// Starts the next prompt, where there is a free place.
    private mutating func admitNext() -> Bool {
        guard growing.count < places, let entry = queue.next() else { return false }
        let (blocks, held, copy) = head.blocks(for: entry.prompt.tokens, in: decoder.cache)
        growing.append(
            GrowingSequence(
                entry, constraint: entry.prompt.constraint ?? options.constraint, blocks: blocks, read: held, copy: copy))
        return true
    }

    /// Adds what a sequence reads next: its last token, or a part of its prompt.
    ///
    /// - Returns: whether a token is chosen after it.
    private mutating func readNext(of place: Int, into batch: inout StepBatch, promptTokens left: inout Int) -> Bool {
        let sequence = growing[place]
        growing[place].copy = nil
        if sequence.read >= sequence.prompt.count {
            if sequence.read / CacheBlocks.tokens == sequence.blocks.count {
                growing[place].blocks.append(decoder.cache.take())
            }
            batch.append(
                sequence.answer.tokens.suffix(1), at: sequence.read, blocks: growing[place].blocks, copy: nil,
                predicting: 1)
            growing[place].read += 1
            return true
        }
        let end = min(sequence.prompt.count, sequence.read + left)
        left -= end - sequence.read
        let isWhole = end == sequence.prompt.count
        batch.append(
            sequence.prompt[sequence.read..<end], at: sequence.read, blocks: sequence.blocks, copy: sequence.copy,
            predicting: isWhole ? 1 : 0)
        growing[place].read = end
        return isWhole
    }

    /// Chooses a token after each predicted row.
    private mutating func choose(for predicting: [Int], _ logits: UnsafeMutablePointer<Float>) {
        let size = decoder.configuration.vocabularySize
        let positions = decoder.configuration.maximumPositions
        let masks = predicting.map { place in
            let sequence = growing[place]
            let room = min(options.maximumTokens - sequence.answer.tokens.count, positions - sequence.read + 1)
            return sequence.constraint?.mask(in: sequence.state, tokensLeft: room, stopTokens: options.stopTokens)
        }
        var choices = [ChosenToken](repeating: ChosenToken(token: 0), count: predicting.count)
        choices.withUnsafeMutableBufferPointer { choices in
            decoder.workers.forEach(predicting.count) { row in
                let sequence = growing[predicting[row]]
                choices[row] = chooser.choose(
                    logits + row * size, item: sequence.item, position: sequence.answer.tokens.count, mask: masks[row])
            }
        }
        for (place, choice) in zip(predicting, choices) {
            growing[place].append(choice, options: options, maximumPositions: positions)
        }
    }

    /// Removes the answers that ended and frees their blocks.
    private mutating func takeEnded() -> [(item: Int, answer: GeneratedSequence)] {
        let ended = growing.filter(\.hasEnded)
        for sequence in ended { decoder.cache.release(sequence.blocks) }
        growing.removeAll(where: \.hasEnded)
        return ended.map { ($0.item, $0.answer) }
    }
}

/// The waiting prompts in the order of their tokens, in which adjacent prompts share the longest prefixes.
struct PromptQueue {
    /// An answer that is to be generated.
    struct Entry {
        /// Number of the answer among all.
        var item: Int
        var prompt: GenerationPrompt
    }

    private let prompts: [GenerationPrompt]
    private let samples: Int
    /// The waiting items; the next one is the last.
    private var waiting: [Int]

    /// Omits the items in `done`.
    init(_ prompts: [GenerationPrompt], samples: Int, done: [Int: GeneratedSequence]) {
        (self.prompts, self.samples) = (prompts, samples)
        let order = prompts.indices.sorted { left, right in
            let (a, b) = (prompts[left].tokens, prompts[right].tokens)
            return a == b ? left < right : a.lexicographicallyPrecedes(b)
        }
        waiting = order.flatMap { $0 * samples..<($0 + 1) * samples }.filter { done[$0] == nil }.reversed()
    }

    mutating func next() -> Entry? {
        waiting.popLast().map { Entry(item: $0, prompt: prompts[$0 / samples]) }
    }
}

/// An answer in progress.
struct GrowingSequence {
    let item: Int
    let prompt: [Int32]
    let constraint: TokenConstraint?
    /// Cache blocks of all tokens that were read.
    var blocks: [Int]
    /// Number of tokens of prompt and answer that were read.
    var read: Int
    /// The copy to make before the next token is read.
    var copy: BlockCopy?
    private(set) var answer = GeneratedSequence()
    private(set) var state: TokenConstraint.State
    private(set) var hasEnded = false
    private var text: [UInt8] = []

    init(_ entry: PromptQueue.Entry, constraint: TokenConstraint?, blocks: [Int], read: Int, copy: BlockCopy?) {
        item = entry.item
        prompt = entry.prompt.tokens
        (self.constraint, self.blocks, self.read, self.copy) = (constraint, blocks, read, copy)
        state = constraint?.start ?? 0
    }

    /// Appends the chosen token; ends the answer where the token or a limit ends it.
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
