/// Generates answers to many prompts at a time: when one answer ends, the next prompt takes its place.
///
/// No answer depends on other prompts, their order, the number of places or the number of threads. Prefixes that prompts share
/// are computed once.
package final class Generator {
    /// Default number of sequences that are generated together.
    package static let usualPlaces = 64

    private let model: InferenceModel
    private let weights: InferenceWeights
    private let workers: WorkerPool
    private let places: Int
    /// Prompt tokens that are read in one step beside the tokens of answers.
    private let promptTokensPerStep: Int

    /// Packs the model's weights.
    package convenience init(_ model: InferenceModel, workers: WorkerPool, places: Int = usualPlaces) {
        self.init(model, workers: workers, places: places, promptTokensPerStep: 256)
    }

    init(_ model: InferenceModel, workers: WorkerPool, places: Int, promptTokensPerStep: Int) {
        (self.model, self.workers) = (model, workers)
        self.places = max(1, places)
        self.promptTokensPerStep = max(1, promptTokensPerStep)
        weights = InferenceWeights(model, workers: workers)
    }

    /// The answers to every prompt: sample s of prompt p is item p·samples + s.
    ///
    /// With a temperature, the random numbers of an item depend on the seed, the item's number and the token's position.
    /// - Throws: `GenerationError` when an option is out of range, or a prompt is empty, too long, or holds an unknown token;
    ///   what `checkpoint` throws, at once.
    package func generate(
        _ prompts: [GenerationPrompt], options: GenerationOptions, checkpoint: ResultCheckpoint<GeneratedSequence> = .none
    ) throws -> [GeneratedSequence] {
        try options.check()
        for (index, prompt) in prompts.enumerated() { try model.check(prompt.tokens, index: index) }
        var options = options
        let limit = model.model.configuration.maximumPositions
        options.maximumTokens = min(max(0, options.maximumTokens), limit)
        guard options.maximumTokens > 0 else {
            return [GeneratedSequence](repeating: GeneratedSequence(), count: prompts.count * options.samples)
        }
        let queue = PromptQueue(prompts, samples: options.samples, done: checkpoint.done)
        let longest = prompts.map(\.tokens.count).max() ?? 1
        let decoder = StepDecoder(
            weights, cache: CacheBlocks(model.model.configuration, model.keyValues),
            positions: min(longest + options.maximumTokens, limit), workers: workers)
        var run = GenerationRun(
            queue: queue, decoder: decoder, options: options, places: places, promptTokensPerStep: promptTokensPerStep)
        var results = (0..<prompts.count * options.samples).map { checkpoint.done[$0] }
        while let finished = run.advance() {
            for (item, answer) in finished {
                results[item] = answer
                try checkpoint.save(item..<item + 1, [answer])
            }
        }
        return results.compactMap { $0 }
    }
}

extension InferenceModel {
    /// Continues every prompt, many at a time; see `Generator`, which packs the weights once for several calls.
    /// - Throws: what `Generator.generate` throws.
    package func generate(
        _ prompts: [[Int32]], options: GenerationOptions, workers: WorkerPool,
        checkpoint: ResultCheckpoint<GeneratedSequence> = .none
    ) throws -> [GeneratedSequence] {
        try Generator(self, workers: workers)
            .generate(prompts.map { GenerationPrompt($0) }, options: options, checkpoint: checkpoint)
    }
}
