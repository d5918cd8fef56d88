extension InferenceModel {
    /// Prompts that are decoded together, so that they share the packing of the weights. No result depends on it.
    private static let groupSize = 64

    /// Continues every prompt, many at a time.
    ///
    /// An answer does not depend on the other prompts. With a temperature, the random numbers of prompt i depend on the seed
    /// and i; repeat a prompt to get several samples.
    /// - Throws: `GenerationError` when a prompt is empty, too long, or holds an unknown token; what `resumption` throws.
    public func generate(
        _ prompts: [[Int32]], options: GenerationOptions, workers: WorkerPool,
        resumption: Resumption<GeneratedSequence> = .none
    ) throws -> [GeneratedSequence] {
        for (index, prompt) in prompts.enumerated() { try check(prompt, index: index) }
        let longest = prompts.map(\.count).max() ?? 1
        var options = options
        options.maximumTokens = min(max(0, options.maximumTokens), model.configuration.maximumPositions)
        let decoder = decoder(
            positions: min(longest + options.maximumTokens, model.configuration.maximumPositions), workers: workers)
        return try workers.results(prompts.count, size: InferenceModel.groupSize, resumption: resumption) { range in
            var group = DecodingGroup(decoder, prompts: prompts, range: range, options: options)
            return group.run()
        }
    }
}
