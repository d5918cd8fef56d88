import CKernels

/// A model's weights as products read them: matrices in panels, norms and biases as they are.
final class InferenceWeights {
    struct Layer {
        let inputNorm, bias, postNorm: FloatBuffer
        let projections, output, gate, up, down: PanelMatrix
    }

    let configuration: ModelConfiguration
    /// Its embedding stands first: [vocabulary, hidden].
    private let values: ModelWeights
    let layers: [Layer]
    let finalNorm: FloatBuffer
    let head: PanelMatrix

    init(_ model: InferenceModel, workers: WorkerPool) {
        let configuration = model.model.configuration
        let layout = model.model.layout
        let (hidden, intermediate) = (configuration.hiddenSize, configuration.intermediateSize)
        let attention = configuration.attentionSize
        let keyValueSize = configuration.keyValueHeadCount * configuration.headDimension
        self.configuration = configuration
        values = model.model.values
        (layers, finalNorm, head) = model.model.values.withUnsafeBufferPointer { values in
            func vector(_ offset: Int, _ count: Int) -> FloatBuffer { FloatBuffer(Array(values[offset..<offset + count])) }
            func matrix(_ offset: Int, outputs: [Int], inputs: Int) -> PanelMatrix {
                var row = 0
                var parts: [(outputs: Int, packed: (any WeightPanels)?)] = []
                for count in outputs {
                    parts.append((count, model.packed[offset + row * inputs]))
                    row += count
                }
                if parts.allSatisfy({ $0.packed == nil }) { parts = [(row, nil)] }
                return PanelMatrix(
                    parts, inputs: inputs, floats: values.baseAddress.unsafelyUnwrapped + offset, workers: workers,
                    precision: model.products)
            }
            let layers = (0..<configuration.layerCount).map { index in
                let start = layout.start(ofLayer: index)
                let biases = configuration.hasAttentionBias ? configuration.projectionSize : 0
                return Layer(
                    inputNorm: vector(start + layout.layer.inputNorm, hidden), bias: vector(start + layout.layer.bias, biases),
                    postNorm: vector(start + layout.layer.postNorm, hidden),
                    projections: matrix(
                        start + layout.layer.projections, outputs: [attention, keyValueSize, keyValueSize], inputs: hidden),
                    output: matrix(start + layout.layer.output, outputs: [hidden], inputs: attention),
                    gate: matrix(start + layout.layer.gateUp, outputs: [intermediate], inputs: hidden),
                    up: matrix(start + layout.layer.gateUp + intermediate * hidden, outputs: [intermediate], inputs: hidden),
                    down: matrix(start + layout.layer.down, outputs: [hidden], inputs: intermediate))
            }
            return (
                layers, vector(layout.finalNorm, hidden),
                matrix(layout.head, outputs: [configuration.vocabularySize], inputs: hidden)
            )
        }
    }

    /// Copies a token's row of the embedding.
    func embed(_ token: Int32, into target: UnsafeMutablePointer<Float>) {
        let hidden = configuration.hiddenSize
        values.withUnsafeBufferPointer { values in
            if let base = values.baseAddress { target.update(from: base + Int(token) * hidden, count: hidden) }
        }
    }
}
