/// Moves calibration sequences through a model, half a layer at a time. It holds their hidden states before one half, and the
/// memory of one layer.
final class CalibrationPass {
    let decoder: Decoder
    let tokenCount: Int
    private let batches: [PackedBatch]
    /// The hidden states of each batch [T, D] before the next half of a layer.
    private let hidden: [FloatBuffer]
    private let arena = Arena()

    /// Tokens that are read together, or one sequence that is longer.
    private static let batchTokens = 2048

    /// - Throws: `GenerationError` when there is no sequence, or one that the model cannot read.
    init(_ model: InferenceModel, _ sequences: [[Int32]], workers: WorkerPool) throws(GenerationError) {
        if sequences.isEmpty { throw GenerationError("There are no sequences to calibrate on.") }
        for (index, sequence) in sequences.enumerated() { try model.check(sequence, index: index) }
        decoder = model.decoder(positions: sequences.map(\.count).max() ?? 1, workers: workers)
        var batches: [PackedBatch] = []
        for sequence in sequences {
            if batches.last.map({ $0.tokens.count + sequence.count > Self.batchTokens }) ?? true {
                batches.append(PackedBatch())
            }
            batches[batches.count - 1].append(sequence, predicting: 0..<0)
        }
        self.batches = batches
        tokenCount = sequences.reduce(0) { $0 + $1.count }
        let size = decoder.configuration.hiddenSize
        hidden = batches.map { FloatBuffer(count: $0.tokens.count * size) }
        for (batch, states) in zip(batches, hidden) {
            let activations = activations(of: batch)
            decoder.embeddingForward(batch, activations)
            states.base.update(from: activations.layers[0].input, count: states.count)
        }
    }

    /// Moves the sequences through half a layer, and shows what its modules read.
    func advance(
        through half: LayerHalf, ofLayer layer: Int, _ observe: (LinearInput, MatrixView) -> Void = { _, _ in }
    ) {
        for (batch, states) in zip(batches, hidden) {
            states.base.update(from: read(batch, states, half, layer, observe), count: states.count)
        }
    }

    /// Statistics of all inputs of a layer. The sequences move through the layer.
    func statistics(advancingThrough layer: Int) -> [LinearInput: InputStatistics] {
        var statistics = Dictionary(
            uniqueKeysWithValues: LinearInput.allCases.map {
                ($0, InputStatistics(width: $0.width(in: decoder.configuration)))
            })
        for half in LayerHalf.allCases {
            advance(through: half, ofLayer: layer) { statistics[$0]?.add($1, workers: decoder.workers) }
        }
        for input in LinearInput.allCases { statistics[input]?.mirror() }
        return statistics
    }

    /// Statistics of one input of a layer. The sequences stay before that half.
    func statistics(of input: LinearInput, layer: Int) -> InputStatistics {
        var statistics = InputStatistics(width: input.width(in: decoder.configuration))
        for (batch, states) in zip(batches, hidden) {
            _ = read(batch, states, input.half, layer) { if $0 == input { statistics.add($1, workers: decoder.workers) } }
        }
        statistics.mirror()
        return statistics
    }

    /// Runs half a layer on a batch and shows what each linear module reads; gives the half's output [T, D].
    private func read(
        _ batch: PackedBatch, _ states: FloatBuffer, _ half: LayerHalf, _ layer: Int,
        _ observe: (LinearInput, MatrixView) -> Void
    ) -> UnsafeMutablePointer<Float> {
        let configuration = decoder.configuration
        let rows = batch.tokens.count
        let a = activations(of: batch)
        switch half {
        case .attention:
            a.layers[layer].input.update(from: states.base, count: states.count)
            decoder.attentionForward(layer, batch, a)
            observe(.attention, MatrixView(decoder.attentionInput(layer, a), rows, configuration.hiddenSize))
            observe(.output, MatrixView(a.layers[layer].attention, rows, configuration.attentionSize))
            return a.layers[layer].middle
        case .feedForward:
            a.layers[layer].middle.update(from: states.base, count: states.count)
            decoder.feedForwardForward(layer, batch, a)
            observe(.feedForward, MatrixView(decoder.feedForwardInput(layer, a), rows, configuration.hiddenSize))
            observe(.down, MatrixView(a.gated, rows, configuration.intermediateSize))
            return a.output(ofLayer: layer)
        }
    }

    private func activations(of batch: PackedBatch) -> Activations {
        Activations(decoder.configuration, batch, keeping: .nothing, logitRows: 0, in: arena)
    }
}

/// Gives quantization the statistics of what a model's linear modules read. Each input is requested once, layer by layer, in
/// the order of `LinearInput.allCases`.
protocol StatisticsSource: AnyObject {
    func statistics(of input: LinearInput, layer: Int) throws -> InputStatistics
    /// Takes a module's new weights, row-major, before the next input is requested.
    func replace(_ parameter: String, with weights: [Float])
}

/// Statistics of the float model, from a file that many quantizations share.
final class SharedStatistics: StatisticsSource {
    private let statistics: CalibrationStatistics

    init(_ statistics: CalibrationStatistics) { self.statistics = statistics }

    func statistics(of input: LinearInput, layer: Int) throws -> InputStatistics {
        try statistics.statistics(of: input, layer: layer)
    }

    func replace(_ parameter: String, with weights: [Float]) {}
}

/// Statistics of the model as it is being quantized: each module is calibrated on what the quantized modules before it give.
final class QuantizedPrefix: StatisticsSource {
    private let pass: CalibrationPass
    private let parameters: [String: Parameter]
    /// Halves of layers that the sequences have passed.
    private var passed = 0

    /// - Throws: `GenerationError` when there is no sequence, or one that the model cannot read.
    init(_ model: InferenceModel, _ sequences: [[Int32]], workers: WorkerPool) throws(GenerationError) {
        pass = try CalibrationPass(model.copied(), sequences, workers: workers)
        parameters = Dictionary(uniqueKeysWithValues: model.model.parameters.map { ($0.name, $0) })
    }

    func statistics(of input: LinearInput, layer: Int) -> InputStatistics {
        let wanted = 2 * layer + (input.half == .attention ? 0 : 1)
        while passed < wanted {
            pass.advance(through: passed % 2 == 0 ? .attention : .feedForward, ofLayer: passed / 2)
            passed += 1
        }
        return pass.statistics(of: input, layer: layer)
    }

    func replace(_ parameter: String, with weights: [Float]) {
        guard let place = parameters[parameter] else { return }
        precondition(weights.count == place.count, "weights do not fill the parameter")
        weights.withUnsafeBufferPointer { weights in
            if let base = weights.baseAddress {
                (pass.decoder.weights.base + place.offset).update(from: base, count: place.count)
            }
        }
    }
}
