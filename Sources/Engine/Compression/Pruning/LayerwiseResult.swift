/// How the neurons and heads are chosen that every layer loses.
package enum LayerwiseChoice: Hashable, Sendable {
    /// OSSCAR (arXiv 2403.12983): so many are kept, those with which a layer's outputs change least when the weights that read
    /// them are solved for anew. `damping` is a share of the mean of H's diagonal.
    case reconstruction(intermediate: Int, keyValueHeads: Int, damping: Double)
    /// These neurons are kept, by layer, with their weights as they are, and all heads.
    case given(neurons: [[Int]])
}

/// What became of one layer.
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
        self.neurons = neurons
        self.keyValueHeads = keyValueHeads
        self.feedForwardError = feedForwardError
        self.attentionError = attentionError
        self.down = down
        self.output = output
    }
}
