import CKernels

/// The importance of a model's channels: sums of their absolute activations over calibration tokens (Minitron, arXiv
/// 2407.14679).
///
/// It does not depend on ratio or shape, so all variants of a sweep share it.
package struct ChannelImportance: Hashable, Sendable {
    /// Of each embedding channel [hidden]: |RMSNorm output| at the inputs of attention and feed-forward. Each of these inputs
    /// is brought to length 1 over its channels, then all layers' are added.
    package let hidden: [Double]
    /// Of each neuron, by layer: |silu(gate)·up|, each layer of length 1.
    package let intermediate: [[Double]]
    /// Of each head, by layer: the length of its output, each layer of length 1.
    package let heads: [[Double]]

    package init(hidden: [Double], intermediate: [[Double]], heads: [[Double]]) {
        (self.hidden, self.intermediate, self.heads) = (hidden, intermediate, heads)
    }
}

extension InferenceModel {
    /// The importance of every channel on some sequences. What `checkpoint` saves are the groups' sums.
    /// - Throws: `GenerationError` when there is no sequence, or one that the model cannot read; what `checkpoint` throws.
    package func channelImportance(
        _ sequences: [[Int32]], workers: WorkerPool, checkpoint: ResultCheckpoint<[Double]> = .none
    ) throws -> ChannelImportance {
        if sequences.isEmpty { throw GenerationError("There are no sequences to calibrate on.") }
        for (index, sequence) in sequences.enumerated() { try check(sequence, index: index) }
        let sums = ChannelSums(model.configuration)
        let decoder = decoder(positions: sequences.map(\.count).max() ?? 1, workers: workers)
        let groups = InferenceModel.calibrationGroups(of: sequences.count)
        let parts = try workers.results(groups.count, size: 1, checkpoint: checkpoint) { numbers in
            numbers.map { sums.overTokens(of: sequences[groups[$0]], with: decoder) }
        }
        guard parts.allSatisfy({ $0.count == sums.count }) else {
            throw GenerationError("The sums to go on from are of a model of another shape.")
        }
        var total = [Double](repeating: 0, count: sums.count)
        for part in parts { for (place, value) in part.enumerated() { total[place] += value } }
        return sums.importance(total)
    }
}

/// Where the sums of one layer lie among those of all: attention's input, feed-forward's input, neurons, heads.
private struct ChannelSums {
    private let configuration: ModelConfiguration
    private let perLayer: Int

    init(_ configuration: ModelConfiguration) {
        self.configuration = configuration
        perLayer = 2 * configuration.hiddenSize + configuration.intermediateSize + configuration.headCount
    }

    var count: Int { configuration.layerCount * perLayer }

    /// One group's sums, token by token in their order.
    func overTokens(of sequences: ArraySlice<[Int32]>, with decoder: Decoder) -> [Double] {
        let batch = PackedBatch(reading: sequences)
        let rows = batch.tokens.count
        let arena = Arena()
        var sums = [Double](repeating: 0, count: count)
        sums.withUnsafeMutableBufferPointer { sums in
            guard let base = sums.baseAddress else { return }
            let a = Activations(configuration, batch, keeping: .nothing, logitRows: 0, in: arena)
            decoder.embeddingForward(batch, a)
            for index in 0..<configuration.layerCount {
                let attention = base + index * perLayer
                let feedForward = attention + configuration.hiddenSize
                let neurons = feedForward + configuration.hiddenSize
                decoder.attentionForward(index, batch, a)
                decant_add_absolute(decoder.attentionInput(index, a), attention, rows, configuration.hiddenSize)
                addLengths(a.layers[index].attention, rows: rows, to: neurons + configuration.intermediateSize)
                decoder.feedForwardForward(index, batch, a)
                decant_add_absolute(decoder.feedForwardInput(index, a), feedForward, rows, configuration.hiddenSize)
                decant_add_absolute(a.gated, neurons, rows, configuration.intermediateSize)
            }
        }
        return withExtendedLifetime(arena) { sums }
    }

    /// The lengths of the heads' outputs [rows, heads·d].
    private func addLengths(_ x: UnsafeMutablePointer<Float>, rows: Int, to sums: UnsafeMutablePointer<Double>) {
        let width = configuration.headDimension
        for row in 0..<rows {
            for head in 0..<configuration.headCount {
                sums[head] += decant_sum_of_squares(x + row * configuration.attentionSize + head * width, width).squareRoot()
            }
        }
    }

    func importance(_ sums: [Double]) -> ChannelImportance {
        var hidden = [Double](repeating: 0, count: configuration.hiddenSize)
        var (intermediate, heads): ([[Double]], [[Double]]) = ([], [])
        for layer in 0..<configuration.layerCount {
            var rest = sums[layer * perLayer..<(layer + 1) * perLayer]
            func take(_ count: Int) -> [Double] {
                defer { rest = rest.dropFirst(count) }
                return Self.normalized(rest.prefix(count))
            }
            for _ in 0..<2 { for (channel, value) in take(configuration.hiddenSize).enumerated() { hidden[channel] += value } }
            intermediate.append(take(configuration.intermediateSize))
            heads.append(take(configuration.headCount))
        }
        return ChannelImportance(hidden: hidden, intermediate: intermediate, heads: heads)
    }

    private static func normalized(_ values: ArraySlice<Double>) -> [Double] {
        let length = values.reduce(0) { $0 + $1 * $1 }.squareRoot()
        return values.map { length > 0 ? $0 / length : 0 }
    }
}

extension PackedBatch {
    /// Whole sequences, of which no logits are wanted.
    init(reading sequences: some Sequence<[Int32]>) {
        self.init()
        for sequence in sequences { append(sequence, predicting: 0..<0) }
    }
}
