/// Goes through a model layer by layer with some calibration sequences. What a layer loses is judged on the inputs that it will
/// really get: those behind the layers that are pruned already.
///
/// On the way, what is removed stays in place with zeros in the weights that read it, so that all layers keep their shape.
public struct LayerwisePruning {
    private let model: Model
    private let choice: LayerwiseChoice
    private let decoder: Decoder
    private let groups: [CalibrationGroup]
    private let arena = Arena()

    /// - Throws: `GenerationError` for sequences that the model cannot read, `ChannelPruningError` for a choice that it does
    ///   not have.
    public init(
        _ model: InferenceModel, choosing choice: LayerwiseChoice, on sequences: [[Int32]], workers: WorkerPool
    ) throws {
        try choice.check(against: model.model.configuration)
        if sequences.isEmpty { throw GenerationError("There are no sequences to calibrate on.") }
        for (index, sequence) in sequences.enumerated() { try model.check(sequence, index: index) }
        self.model = model.model
        self.choice = choice
        let (decoder, arena) = (model.decoder(positions: sequences.map(\.count).max() ?? 1, workers: workers), arena)
        self.decoder = decoder
        groups = InferenceModel.calibrationGroups(of: sequences.count).map {
            CalibrationGroup(sequences[$0], decoder, in: arena)
        }
    }

    /// The pruned model, and what became of each layer. What `resumption` keeps are the layers' results.
    public func run(
        resumption: Resumption<LayerwiseResult> = .none
    ) throws -> (model: Model, layers: [LayerwiseResult]) {
        var results: [LayerwiseResult] = []
        for layer in 0..<model.configuration.layerCount {
            let result: LayerwiseResult
            if let known = resumption.done[layer] {
                try write(known, toLayer: layer)
                for group in groups { group.attend(layer: layer, in: arena) }
                result = known
            } else {
                result = try prune(layer)
                try resumption.keep(layer..<layer + 1, [result])
            }
            for group in groups { group.advance(layer: layer, in: arena) }
            results.append(result)
        }
        var selection = ChannelSelection(all: model.configuration)
        selection.intermediate = results.map(\.neurons)
        selection.keyValueHeads = results.map(\.keyValueHeads)
        return (try Model(model.layout, values: decoder.weights.values).keeping(selection), results)
    }

    /// Attention first, then the neurons on what it leaves; the groups are through the attention then.
    private func prune(_ layer: Int) throws -> LayerwiseResult {
        let configuration = model.configuration
        let output = LayerMatrix(model.layout, layer, \.output, inputs: configuration.attentionSize)
        let down = LayerMatrix(model.layout, layer, \.down, inputs: configuration.intermediateSize)
        var (heads, attentionError) = (Array(0..<configuration.keyValueHeadCount), 0.0)
        if case .reconstruction(_, let kept, let damping) = choice, kept < heads.count {
            let reduction = try LinearReduction.solving(
                gram(size: output.inputs) { group, add in group.withHeadOutputs(ofLayer: layer, in: arena, add) },
                output.read(decoder.weights), unitSize: output.inputs / heads.count, keeping: kept, damping: damping,
                workers: decoder.workers)
            output.write(reduction.weights, to: decoder.weights)
            (heads, attentionError) = (reduction.kept, reduction.error)
        }
        for group in groups { group.attend(layer: layer, in: arena) }
        let gram = gram(size: down.inputs) { group, add in group.withNeurons(ofLayer: layer, in: arena, add) }
        let weights = down.read(decoder.weights)
        let neurons =
            switch choice {
            case .reconstruction(let kept, _, let damping):
                try LinearReduction.solving(
                    gram, weights, unitSize: 1, keeping: kept, damping: damping, workers: decoder.workers)
            case .given(let kept): LinearReduction.keeping(kept[layer], of: gram, weights, workers: decoder.workers)
            }
        down.write(neurons.weights, to: decoder.weights)
        return LayerwiseResult(
            neurons: neurons.kept, keyValueHeads: heads, feedForwardError: neurons.error, attentionError: attentionError,
            down: down.values(decoder.weights), output: output.values(decoder.weights))
    }

    private func gram(
        size: Int, _ read: (CalibrationGroup, _ add: (UnsafeMutablePointer<Float>, Int) -> Void) -> Void
    ) -> GramMatrix {
        var gram = GramMatrix(size: size)
        for group in groups { read(group) { gram.add($0, rows: $1, workers: decoder.workers) } }
        return gram
    }

    private func write(_ result: LayerwiseResult, toLayer layer: Int) throws {
        let configuration = model.configuration
        let output = LayerMatrix(model.layout, layer, \.output, inputs: configuration.attentionSize)
        let down = LayerMatrix(model.layout, layer, \.down, inputs: configuration.intermediateSize)
        guard result.output.count == output.count, result.down.count == down.count else {
            throw ChannelPruningError("The layers to go on from are of a model of another shape.")
        }
        output.write(values: result.output, to: decoder.weights)
        down.write(values: result.down, to: decoder.weights)
    }
}

/// Where one of a layer's matrices [hidden, inputs] lies among a model's weights.
private struct LayerMatrix {
    let inputs: Int
    private let start, outputs: Int

    init(_ layout: DecoderLayout, _ layer: Int, _ part: KeyPath<DecoderLayout.Layer, Int>, inputs: Int) {
        self.inputs = inputs
        start = layout.start(ofLayer: layer) + layout.layer[keyPath: part]
        outputs = layout.configuration.hiddenSize
    }

    var count: Int { inputs * outputs }

    func values(_ weights: FloatBuffer) -> [Float] {
        withExtendedLifetime(weights) { Array(UnsafeBufferPointer(start: weights.base + start, count: count)) }
    }

    func write(values: [Float], to weights: FloatBuffer) {
        for (place, value) in values.enumerated() { weights.base[start + place] = value }
    }

    /// Its transpose [inputs, outputs].
    func read(_ weights: FloatBuffer) -> [Double] {
        (0..<count).map { Double(weights.base[start + $0 % outputs * inputs + $0 / outputs]) }
    }

    func write(_ transpose: [Double], to weights: FloatBuffer) {
        for (place, value) in transpose.enumerated() {
            weights.base[start + place % outputs * inputs + place / outputs] = Float(value)
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
