/// Prunes a model layer by layer with calibration sequences. It judges a layer's loss on the inputs that the layer will really
/// get: the outputs of the layers that are pruned already.
///
/// Until the end, removed units stay in place, and the weights that read them are zero. So all layers keep their shape.
package struct LayerwisePruning {
    private let model: Model
    private let choice: LayerwiseChoice
    private let pass: CalibrationPass

    /// - Throws: `GenerationError` for sequences that the model cannot read, `ChannelPruningError` for a choice that it does
    ///   not have.
    package init(
        _ model: InferenceModel, choosing choice: LayerwiseChoice, on sequences: [[Int32]], workers: WorkerPool
    ) throws {
        try choice.check(against: model.model.configuration)
        self.model = model.model
        self.choice = choice
        pass = try CalibrationPass(model.copied(), sequences, workers: workers)
    }

    /// The pruned model, and what became of each layer. What `checkpoint` saves are the layers' results.
    package func run(
        checkpoint: ResultCheckpoint<LayerwiseResult> = .none
    ) throws -> (model: Model, layers: [LayerwiseResult]) {
        var results: [LayerwiseResult] = []
        for layer in 0..<model.configuration.layerCount {
            let result: LayerwiseResult
            if let known = checkpoint.done[layer] {
                try write(known, toLayer: layer)
                pass.advance(through: .attention, ofLayer: layer)
                result = known
            } else {
                result = try prune(layer)
                try checkpoint.save(layer..<layer + 1, [result])
            }
            pass.advance(through: .feedForward, ofLayer: layer)
            results.append(result)
        }
        var selection = ChannelSelection(all: model.configuration)
        selection.intermediate = results.map(\.neurons)
        selection.keyValueHeads = results.map(\.keyValueHeads)
        return (try Model(model.layout, values: ModelWeights(copying: weights)).keeping(selection), results)
    }

    private var weights: FloatBuffer { pass.decoder.weights }

    /// Attention first, then the neurons on what it leaves; the sequences are through the attention then.
    private func prune(_ layer: Int) throws -> LayerwiseResult {
        let (output, down) = (output(ofLayer: layer), down(ofLayer: layer))
        let workers = pass.decoder.workers
        var (heads, attentionError) = (Array(0..<model.configuration.keyValueHeadCount), 0.0)
        if case .reconstruction(_, let count, let damping) = choice, count < heads.count {
            let unitSize = output.inputs / heads.count
            (heads, attentionError) = try reduce(output, reading: .output, ofLayer: layer) {
                try LinearReduction.solving(
                    $0, $1, unitSize: unitSize, keeping: count, damping: damping, workers: workers)
            }
        }
        pass.advance(through: .attention, ofLayer: layer)
        let (neurons, feedForwardError) = try reduce(down, reading: .down, ofLayer: layer) { statistics, weights in
            switch choice {
            case .reconstruction(let count, _, let damping):
                try LinearReduction.solving(
                    statistics, weights, unitSize: 1, keeping: count, damping: damping, workers: workers)
            case .given(let kept): LinearReduction.keeping(kept[layer], of: statistics.width, weights)
            }
        }
        return LayerwiseResult(
            neurons: neurons, keyValueHeads: heads, feedForwardError: feedForwardError, attentionError: attentionError,
            down: down.values(weights), output: output.values(weights))
    }

    /// Makes a matrix read fewer inputs. Returns the inputs that it still reads, and how much its outputs changed.
    private func reduce(
        _ matrix: LinearMap, reading input: LinearInput, ofLayer layer: Int,
        _ reduction: (InputStatistics, [Double]) throws -> LinearReduction
    ) rethrows -> (kept: [Int], error: Double) {
        let statistics = pass.statistics(of: input, layer: layer)
        let before = matrix.values(weights)
        let reduced = try reduction(statistics, matrix.read(weights))
        matrix.write(reduced.weights, to: weights)
        let error = statistics.reconstructionError(
            of: matrix.values(weights), to: before, rows: model.configuration.hiddenSize, workers: pass.decoder.workers)
        return (reduced.kept, error)
    }

    private func write(_ result: LayerwiseResult, toLayer layer: Int) throws {
        let (output, down) = (output(ofLayer: layer), down(ofLayer: layer))
        guard result.output.count == output.count, result.down.count == down.count else {
            throw ChannelPruningError("The layers to go on from are of a model of another shape.")
        }
        output.write(values: result.output, to: weights)
        down.write(values: result.down, to: weights)
    }

    private func output(ofLayer layer: Int) -> LinearMap {
        model.layout.attention.output.from(model.layout.start(ofLayer: layer))
    }

    private func down(ofLayer layer: Int) -> LinearMap {
        model.layout.feedForward.down.from(model.layout.start(ofLayer: layer))
    }
}

extension LinearMap {
    fileprivate func values(_ weights: FloatBuffer) -> [Float] {
        withExtendedLifetime(weights) { Array(UnsafeBufferPointer(start: weights.base + offset, count: count)) }
    }

    fileprivate func write(values: [Float], to weights: FloatBuffer) {
        for (place, value) in values.enumerated() { weights.base[offset + place] = value }
    }

    /// Its transpose [inputs, outputs].
    fileprivate func read(_ weights: FloatBuffer) -> [Double] {
        let rows = rows
        return (0..<count).map { Double(weights.base[offset + $0 % rows * inputs + $0 / rows]) }
    }

    fileprivate func write(_ transpose: [Double], to weights: FloatBuffer) {
        let rows = rows
        for (place, value) in transpose.enumerated() {
            weights.base[offset + place % rows * inputs + place / rows] = Float(value)
        }
    }
}

extension LayerwiseChoice {
    fileprivate func check(against configuration: ModelConfiguration) throws(ChannelPruningError) {
        var selection = ChannelSelection(all: configuration)
        switch self {
        case .reconstruction(let intermediate, let keyValueHeads, _):
            guard (1...configuration.intermediateSize).contains(intermediate),
                (1...configuration.keyValueHeadCount).contains(keyValueHeads)
            else {
                throw ChannelPruningError(
                    "A layer of \(configuration.intermediateSize) neurons and \(configuration.keyValueHeadCount) key/value "
                        + "heads cannot keep \(intermediate) and \(keyValueHeads).")
            }
        case .given(let neurons):
            selection.intermediate = neurons
            try selection.check(against: configuration)
        }
    }
}

/// How to choose the neurons and heads that every layer loses.
package enum LayerwiseChoice: Hashable, Sendable {
    /// OSSCAR (arXiv 2403.12983): keeps these numbers of them, and solves for new weights, so that a layer's outputs change
    /// least. `damping` is a share of the mean of H's diagonal.
    case reconstruction(intermediate: Int, keyValueHeads: Int, damping: Double)
    /// Keeps these neurons, by layer, with unchanged weights, and all heads.
    case given(neurons: [[Int]])
}

/// The result for one layer.
package struct LayerwiseResult: Hashable, Sendable {
    /// Those that are kept, in rising order.
    package var neurons: [Int]
    package var keyValueHeads: [Int]
    /// ‖XW − XŴ‖/‖XW‖ of `down_proj`, X being its inputs behind the layers that are pruned already.
    package var feedForwardError: Double
    /// The same of `o_proj`; 0 where all heads are kept.
    package var attentionError: Double
    /// `down_proj` [hidden, intermediate] and `o_proj` [hidden, heads·d], zero for what is removed.
    package var down: [Float]
    package var output: [Float]

    package init(
        neurons: [Int], keyValueHeads: [Int], feedForwardError: Double, attentionError: Double, down: [Float], output: [Float]
    ) {
        (self.neurons, self.keyValueHeads, self.feedForwardError) = (neurons, keyValueHeads, feedForwardError)
        (self.attentionError, self.down, self.output) = (attentionError, down, output)
    }
}

/// A linear layer that reads fewer of its inputs.
struct LinearReduction {
    /// The units of inputs that it still reads, in rising order.
    let kept: [Int]
    /// Ŵ [inputs, outputs]; rows of inputs that it no longer reads are zero.
    let weights: [Double]

    /// OSSCAR's choice of `count` units, with new weights for them.
    static func solving(
        _ statistics: InputStatistics, _ weights: [Double], unitSize: Int, keeping count: Int, damping: Double,
        workers: WorkerPool
    ) throws(ChannelPruningError) -> LinearReduction {
        var selection = try UnitSelection(
            damped: statistics.damped(damping), weights: weights, size: statistics.width, unitSize: unitSize,
            workers: workers)
        selection.removeGreedily(leaving: count)
        selection.exchange(attempts: exchanges)
        return LinearReduction(kept: selection.keptUnits.sorted(), weights: selection.weights)
    }

    /// Removed units that a layer tries to exchange, at most.
    private static let exchanges = 64

    /// These of so many inputs, with their weights as they were.
    static func keeping(_ kept: [Int], of inputs: Int, _ weights: [Double]) -> LinearReduction {
        let outputs = weights.count / max(1, inputs)
        var reduced = [Double](repeating: 0, count: weights.count)
        for input in kept {
            let row = input * outputs..<(input + 1) * outputs
            reduced.replaceSubrange(row, with: weights[row])
        }
        return LinearReduction(kept: kept, weights: reduced)
    }
}
