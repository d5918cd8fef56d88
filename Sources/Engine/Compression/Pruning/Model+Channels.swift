extension Model {
    /// The model with the selected channels alone. Heads keep their size, so attention may be wider than the hidden states.
    /// - Throws: `ChannelPruningError` when the model cannot keep these channels.
    package func keeping(_ selection: ChannelSelection) throws(ChannelPruningError) -> Model {
        try selection.check(against: configuration)
        var smaller = configuration
        smaller.hiddenSize = selection.hidden.count
        smaller.intermediateSize = selection.intermediate.first?.count ?? 0
        smaller.keyValueHeadCount = selection.keyValueHeads.first?.count ?? 0
        smaller.headCount = configuration.headCount / configuration.keyValueHeadCount * smaller.keyValueHeadCount
        var model = Model(zeros: smaller)
        values.withUnsafeBufferPointer { source in
            model.values.withUnsafeMutableBufferPointer { target in
                for (old, new) in zip(parameters, model.parameters) {
                    let kept = old.axes.map { selection.kept(of: $0, inLayer: old.layer, configuration) }
                    // A vector is a column.
                    let (columns, width) = kept.count > 1 ? (kept[1], old.shape[1]) : ([0], 1)
                    var place = new.offset
                    for row in kept[0] {
                        for column in columns {
                            target[place] = source[old.offset + row * width + column]
                            place += 1
                        }
                    }
                }
            }
        }
        return model
    }

    /// The length of the weights of every neuron, by layer: its rows of gate and up, its column of down.
    package var neuronMagnitudes: [[Double]] {
        let (hidden, neurons) = (configuration.hiddenSize, configuration.intermediateSize)
        return (0..<configuration.layerCount).map { layer in
            let start = layout.start(ofLayer: layer)
            let gateUp = start + layout.feedForward.gateUp.offset
            let downs = start + layout.feedForward.down.offset
            return (0..<neurons).map { neuron in
                var sum = 0.0
                for channel in 0..<hidden {
                    let gate = Double(values[gateUp + neuron * hidden + channel])
                    let up = Double(values[gateUp + (neurons + neuron) * hidden + channel])
                    let down = Double(values[downs + channel * neurons + neuron])
                    sum += gate * gate + up * up + down * down
                }
                return sum.squareRoot()
            }
        }
    }
}

extension ChannelSelection {
    /// Which rows or columns stay where they stand for this; `layer` is that of a tensor within the layers.
    fileprivate func kept(of axis: Axis, inLayer layer: Int?, _ configuration: ModelConfiguration) -> [Int] {
        /// The channels of heads of which each has so many.
        func channels(_ width: Int) -> [Int] {
            keyValueHeads[layer ?? 0].flatMap { $0 * width..<($0 + 1) * width }
        }
        return switch axis {
        case .hidden: hidden
        case .neurons: intermediate[layer ?? 0]
        case .keyValues: channels(configuration.headDimension)
        // Of the query heads that a key/value head serves.
        case .queries: channels(configuration.attentionSize / configuration.keyValueHeadCount)
        case .vocabulary, .head: Array(0..<axis.size(in: configuration))
        }
    }
}
