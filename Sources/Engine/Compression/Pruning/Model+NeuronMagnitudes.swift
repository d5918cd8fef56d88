extension Model {
    /// The length of the weights of every neuron, by layer: its rows of gate and up, its column of down.
    package var neuronMagnitudes: [[Double]] {
        let (hidden, neurons) = (configuration.hiddenSize, configuration.intermediateSize)
        return (0..<configuration.layerCount).map { layer in
            let start = layout.start(ofLayer: layer)
            return (0..<neurons).map { neuron in
                var sum = 0.0
                for channel in 0..<hidden {
                    let gate = Double(values[start + layout.layer.gateUp + neuron * hidden + channel])
                    let up = Double(values[start + layout.layer.gateUp + (neurons + neuron) * hidden + channel])
                    let down = Double(values[start + layout.layer.down + channel * neurons + neuron])
                    sum += gate * gate + up * up + down * down
                }
                return sum.squareRoot()
            }
        }
    }
}
