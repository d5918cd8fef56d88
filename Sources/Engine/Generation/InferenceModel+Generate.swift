import Synchronization

extension InferenceModel {
    /// Prompts that are decoded together, so that they share the packing of the weights. No result depends on it.
    private static let groupSize = 64

    /// Continues every prompt, many at a time; `report` gets the number of prompts done, from any thread.
    ///
    /// An answer does not depend on the other prompts. With a temperature, the random numbers of prompt i depend on the seed
    /// and i; repeat a prompt to get several samples.
    /// - Throws: `GenerationError` when a prompt is empty, too long, or holds an unknown token.
    public func generate(
        _ prompts: [[Int32]], options: GenerationOptions, workers: WorkerPool, report: @Sendable (Int) -> Void = { _ in }
    ) throws(GenerationError) -> [GeneratedSequence] {
        for (index, prompt) in prompts.enumerated() { try check(prompt, index: index) }
        let longest = prompts.map(\.count).max() ?? 1
        var options = options
        options.maximumTokens = min(max(0, options.maximumTokens), model.configuration.maximumPositions)
        let decoder = decoder(positions: min(longest + options.maximumTokens, model.configuration.maximumPositions))
        var results = [GeneratedSequence](repeating: GeneratedSequence(), count: prompts.count)
        let done = Atomic(0)
        results.withUnsafeMutableBufferPointer { results in
            workers.forEachRange(prompts.count, size: InferenceModel.groupSize) { range in
                var group = DecodingGroup(decoder, prompts: prompts, range: range, options: options)
                for (index, result) in zip(range, group.run()) { results[index] = result }
                report(done.wrappingAdd(range.count, ordering: .relaxed).newValue)
            }
        }
        return results
    }
}
