/// A few prompts that are continued together, until each has its stop token or as many tokens as it may have.
struct DecodingGroup {
    private let decoder: Decoder
    private let prompts: ArraySlice<[Int32]>
    private let options: GenerationOptions
    private let choice: TokenChoice
    private let arena = Arena()
    private let scores: FloatBuffer
    private var results: [GeneratedSequence]
    /// Sequences that still grow: their place in the group, their caches.
    private var active: [(place: Int, cache: KeyValueCache)]

    init(_ decoder: Decoder, prompts: [[Int32]], range: Range<Int>, options: GenerationOptions) {
        self.decoder = decoder
        self.prompts = prompts[range]
        self.options = options
        let configuration = decoder.configuration
        choice = TokenChoice(
            vocabularySize: configuration.vocabularySize, temperature: options.temperature, seed: options.seed)
        let room = options.maximumTokens
        scores = FloatBuffer(count: (self.prompts.map(\.count).max() ?? 0) + room)
        results = range.map { _ in GeneratedSequence() }
        active = self.prompts.enumerated().map { place, prompt in
            let capacity = min(prompt.count + room, configuration.maximumPositions)
            return (place, KeyValueCache(configuration, capacity: capacity))
        }
    }

    mutating func run() -> [GeneratedSequence] {
        guard options.maximumTokens > 0 else { return results }
        var batch = PackedBatch()
        for prompt in prompts { batch.append(prompt, predicting: prompt.count - 1..<prompt.count) }
        var activations = Activations(decoder.configuration, batch, in: arena)
        decoder.prefill(batch, activations, caches: active.map(\.cache))
        chooseTokens(activations)
        while !active.isEmpty {
            batch = PackedBatch()
            for (place, cache) in active { batch.append(token: results[place].tokens.last ?? 0, at: cache.length) }
            activations = Activations(decoder.configuration, batch, in: arena)
            decoder.decode(batch, activations, caches: active.map(\.cache), scores: scores.base)
            chooseTokens(activations)
        }
        return results
    }

    /// Appends a token to every active sequence, and keeps those that may go on.
    private mutating func chooseTokens(_ activations: Activations) {
        var remaining: [(place: Int, cache: KeyValueCache)] = []
        for (row, (place, cache)) in active.enumerated() {
            let logits = activations.logits + row * decoder.configuration.vocabularySize
            let token = choice.choose(
                logits, sequence: prompts.startIndex + place, position: results[place].tokens.count)
            if token == options.stopToken {
                results[place].isFinished = true
                continue
            }
            results[place].tokens.append(token)
            let hasRoom = results[place].tokens.count < options.maximumTokens
            if hasRoom && cache.length < decoder.configuration.maximumPositions { remaining.append((place, cache)) }
        }
        active = remaining
    }
}
