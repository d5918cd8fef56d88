/// A run of generation over many prompts.
struct GenerationRun {
    private var prompts: SharingPrompts
    private var running: RunningSequences

    init(queue: PromptQueue, decoder: StepDecoder, options: GenerationOptions, places: Int, promptTokensPerStep: Int) {
        prompts = SharingPrompts(queue: queue, options: options, configuration: decoder.configuration)
        running = RunningSequences(decoder, places: places, promptTokensPerStep: promptTokensPerStep)
    }

    /// Reads one token of every sequence and as many tokens of the next prompts as fit.
    ///
    /// - Returns: the answers that ended, by item; `nil` when nothing is left.
    mutating func advance() -> [(item: Int, answer: GeneratedSequence)]? {
        guard running.advance(starting: &prompts) else {
            prompts.release(in: running.decoder.cache)
            return nil
        }
        return running.takeEnded().map { ($0.id, $0.answer) }
    }
}

/// The waiting prompts, each of which begins with the blocks that it shares with the one before it.
struct SharingPrompts: SequenceSource {
    private var queue: PromptQueue
    private let options: GenerationOptions
    private let configuration: ModelConfiguration
    private var head = SharedHead()

    init(queue: PromptQueue, options: GenerationOptions, configuration: ModelConfiguration) {
        (self.queue, self.options, self.configuration) = (queue, options, configuration)
    }

    mutating func next(beside growing: [GrowingSequence], in cache: CacheBlocks) -> GrowingSequence? {
        guard let entry = queue.next() else { return nil }
        var sequence = GrowingSequence(entry.prompt, id: entry.item, item: entry.item, options: options, of: configuration)
        if !sequence.hasEnded { sequence.begin(with: head.blocks(for: sequence.tokens, in: cache)) }
        return sequence
    }

    mutating func release(in cache: CacheBlocks) { head.release(in: cache) }
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
