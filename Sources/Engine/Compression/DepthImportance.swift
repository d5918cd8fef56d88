import CKernels

extension InferenceModel {
    /// Sequences that are read together; fixed, because sums of groups are added up.
    private static let calibrationGroupSize = 16

    /// Importance of every layer: 1 − mean over the tokens of cos(hᵢ, hᵢ₊₁), the hidden states entering and leaving it
    /// (ShortGPT, Men et al., 2024).
    /// - Throws: `GenerationError` when there is no sequence, or one that the model cannot read.
    public func depthImportance(_ sequences: [[Int32]], workers: WorkerPool) throws(GenerationError) -> [Double] {
        if sequences.isEmpty { throw GenerationError("There are no sequences to calibrate on.") }
        for (index, sequence) in sequences.enumerated() { try check(sequence, index: index) }
        let decoder = decoder(positions: sequences.map(\.count).max() ?? 1)
        let layers = model.configuration.layerCount
        let size = InferenceModel.calibrationGroupSize
        var sums = [Double](repeating: 0, count: (sequences.count + size - 1) / size * layers)
        sums.withUnsafeMutableBufferPointer { sums in
            workers.forEachRange(sequences.count, size: size) { range in
                var batch = PackedBatch()
                for sequence in sequences[range] { batch.append(sequence, predicting: 0..<0) }
                let arena = Arena()
                withExtendedLifetime(arena) {
                    let activations = Activations(decoder.configuration, batch, in: arena)
                    decoder.hiddenStates(batch, activations)
                    for layer in 0..<layers {
                        sums[range.lowerBound / size * layers + layer] = sumOfCosines(
                            activations.layers[layer].input, activations.output(ofLayer: layer), rows: batch.tokens.count)
                    }
                }
            }
        }
        let tokens = Double(sequences.reduce(0) { $0 + $1.count })
        return (0..<layers).map { layer in
            1 - stride(from: layer, to: sums.count, by: layers).reduce(0) { $0 + sums[$1] } / tokens
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
