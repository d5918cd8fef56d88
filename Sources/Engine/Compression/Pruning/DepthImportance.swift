import CKernels

extension InferenceModel {
    /// Sequences that are read together; fixed, because sums of groups are added up.
    private static let calibrationGroupSize = 16

    /// Importance of every layer: 1 − mean over the tokens of cos(hᵢ, hᵢ₊₁), the hidden states entering and leaving it
    /// (ShortGPT, Men et al., 2024).
    ///
    /// What `checkpoint` saves are the groups' sums of cosines, one per layer.
    /// - Throws: `GenerationError` when there is no sequence, or one that the model cannot read; what `checkpoint` throws.
    package func depthImportance(
        _ sequences: [[Int32]], workers: WorkerPool, checkpoint: ResultCheckpoint<[Double]> = .none
    ) throws -> [Double] {
        if sequences.isEmpty { throw GenerationError("There are no sequences to calibrate on.") }
        for (index, sequence) in sequences.enumerated() { try check(sequence, index: index) }
        let decoder = decoder(positions: sequences.map(\.count).max() ?? 1, workers: workers)
        let layers = model.configuration.layerCount
        let groups = InferenceModel.calibrationGroups(of: sequences.count)
        let sums = try workers.results(groups.count, size: 1, checkpoint: checkpoint) { numbers in
            numbers.map { sumsOfCosines(sequences[groups[$0]], with: decoder) }
        }
        guard sums.allSatisfy({ $0.count == layers }) else {
            throw GenerationError("The sums to go on from are of a model with another number of layers.")
        }
        let tokens = Double(sequences.reduce(0) { $0 + $1.count })
        return (0..<layers).map { layer in 1 - sums.reduce(0) { $0 + $1[layer] } / tokens }
    }

    /// The ranges of so many sequences that are read together.
    package static func calibrationGroups(of count: Int) -> [Range<Int>] {
        stride(from: 0, to: count, by: calibrationGroupSize).map { $0..<min(count, $0 + calibrationGroupSize) }
    }

    /// One group's sums over its tokens, one per layer.
    private func sumsOfCosines(_ sequences: ArraySlice<[Int32]>, with decoder: Decoder) -> [Double] {
        var batch = PackedBatch()
        for sequence in sequences { batch.append(sequence, predicting: 0..<0) }
        let arena = Arena()
        return withExtendedLifetime(arena) {
            let activations = Activations(decoder.configuration, batch, keeping: .inputs, logitRows: 0, in: arena)
            decoder.hiddenStates(batch, activations)
            return activations.layers.indices.map { layer in
                sumOfCosines(
                    activations.layers[layer].input, activations.output(ofLayer: layer), rows: batch.tokens.count)
            }
        }
    }

    private func sumOfCosines(_ x: UnsafeMutablePointer<Float>, _ y: UnsafeMutablePointer<Float>, rows: Int) -> Double {
        let hidden = model.configuration.hiddenSize
        var sum = 0.0
        for row in 0..<rows {
            let (a, b) = (x + row * hidden, y + row * hidden)
            let lengths = (decant_sum_of_squares(a, hidden) * decant_sum_of_squares(b, hidden)).squareRoot()
            sum += lengths > 0 ? decant_dot(a, b, hidden) / lengths : 1
        }
        return sum
    }
}
