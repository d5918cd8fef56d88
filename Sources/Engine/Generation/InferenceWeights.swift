/// A model's weights for the products of a step: matrices in panels, other parameters in place.
final class InferenceWeights {
    let layout: DecoderLayout
    private let values: ModelWeights
    /// Matrices by the offset of their first weight.
    private let panels: [Int: PanelMatrix]

    init(_ model: InferenceModel, workers: WorkerPool) {
        let layout = model.model.layout
        self.layout = layout
        values = model.model.values
        let (attention, feedForward) = (layout.attention, layout.feedForward)
        let gateUp = feedForward.isFused ? [feedForward.gateUp] : [feedForward.gate, feedForward.up]
        let maps = [attention.projections, attention.output] + gateUp + [feedForward.down]
        let layers = (0..<layout.configuration.layerCount).map { layout.start(ofLayer: $0) }
        var panels: [Int: PanelMatrix] = [:]
        for map in layers.flatMap({ start in maps.map { $0.from(start) } }) + [layout.head] {
            var parts = map.outputs.indices.map { index in
                (outputs: map.outputs[index], packed: model.packed[map.matrix(index).offset])
            }
            if parts.allSatisfy({ $0.packed == nil }) { parts = [(map.rows, nil)] }
            panels[map.offset] = PanelMatrix(
                parts, inputs: map.inputs, floats: values.buffer.base + map.offset, workers: workers,
                precision: model.products)
        }
        self.panels = panels
    }

    /// The panels of matrices that one product multiplies by.
    func panels(of map: LinearMap) -> PanelMatrix {
        guard let matrix = panels[map.offset] else { preconditionFailure("not matrices of the model") }
        return matrix
    }

    func vector(at offset: Int) -> UnsafePointer<Float> { UnsafePointer(values.buffer.base + offset) }
}
