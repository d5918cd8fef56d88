import CKernels

/// Which layers to remove from a model.
package struct DepthPruning: Hashable, Sendable {
    /// In rising order.
    package let removedLayers: [Int]
    package let parametersBefore: Int
    package let parametersAfter: Int

    /// The least important layers, as many as come closest to the ratio of all parameters; one layer is always kept. Of
    /// equally important layers the lower one goes first; of two equally close numbers the smaller is taken.
    /// - Parameters:
    ///   - importance: One value per layer.
    ///   - ratio: Share of all parameters to remove, from 0 to below 1.
    /// - Throws: `DepthPruningError` when importance or ratio do not fit.
    package init(_ configuration: ModelConfiguration, importance: [Double], ratio: Double) throws(DepthPruningError) {
        guard ratio >= 0, ratio < 1 else {
            throw DepthPruningError(description: "A ratio from 0 to below 1 is needed, not \(ratio).")
        }
        let layout = DecoderLayout(configuration)
        let wanted = ratio * Double(layout.count)
        func distance(_ removed: Int) -> Double { abs(Double(removed * layout.layerSize) - wanted) }
        let count = (0..<configuration.layerCount).min { (distance($0), $0) < (distance($1), $1) } ?? 0
        try self.init(configuration, importance: importance, layers: count)
    }

    /// A given number of the least important layers.
    /// - Throws: `DepthPruningError` when no layer would be left, or the scores do not fit.
    package init(_ configuration: ModelConfiguration, importance: [Double], layers count: Int) throws(DepthPruningError) {
        guard importance.count == configuration.layerCount, importance.allSatisfy(\.isFinite) else {
            throw DepthPruningError(
                description: "There are \(importance.count) scores for the \(configuration.layerCount) layers of the model, or "
                    + "some are no numbers.")
        }
        guard (0..<configuration.layerCount).contains(count) else {
            throw DepthPruningError(
                description: "\(count) of the model's \(configuration.layerCount) layers cannot be removed; one has to stay.")
        }
        let layout = DecoderLayout(configuration)
        let order = importance.indices.sorted { (importance[$0], $0) < (importance[$1], $1) }
        removedLayers = order.prefix(count).sorted()
        parametersBefore = layout.count
        parametersAfter = layout.count - count * layout.layerSize
    }
}

/// Scores or a ratio that do not fit the model.
package struct DepthPruningError: Error, Hashable, Sendable, CustomStringConvertible {
    package let description: String
}

extension Model {
    /// The model without some of its layers. The other layers keep their order and get new numbers.
    package func removing(_ pruning: DepthPruning) throws(ModelConfigurationError) -> Model {
        let kept = (0..<configuration.layerCount).filter { !pruning.removedLayers.contains($0) }
        guard !kept.isEmpty else { throw ModelConfigurationError(field: "num_hidden_layers", reason: "must be at least 1") }
        var model = Model(zeros: configuration.keeping(layers: kept))
        let layers = kept.map { layout.start(ofLayer: $0)..<layout.start(ofLayer: $0) + layout.layerSize }
        model.values.withUnsafeMutableBufferPointer { target in
            var place = target.startIndex
            for range in [0..<layout.embeddingCount] + layers + [layout.finalNorm..<layout.count] {
                place = target[place...].update(fromContentsOf: values[range])
            }
        }
        return model
    }
}

extension InferenceModel {
    /// Sequences in a group. The number is fixed, because the sums of groups are added.
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

    /// The groups of so many sequences, as ranges.
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
