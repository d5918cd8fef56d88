/// Which channels of a model stay, each list in rising order.
///
/// All layers keep as many: `config.json` has one width for all of them.
package struct ChannelSelection: Hashable, Sendable {
    package var hidden: [Int]
    /// By layer.
    package var intermediate: [[Int]]
    /// By layer; a key/value head stays with all query heads that it serves.
    package var keyValueHeads: [[Int]]

    /// All of them.
    package init(all configuration: ModelConfiguration) {
        hidden = Array(0..<configuration.hiddenSize)
        intermediate = Array(repeating: Array(0..<configuration.intermediateSize), count: configuration.layerCount)
        keyValueHeads = Array(repeating: Array(0..<configuration.keyValueHeadCount), count: configuration.layerCount)
    }

    /// The most important channels that fill a shape; of equals the lower one.
    /// - Throws: `ChannelPruningError` when the scores are not this model's, or the shape is larger than the model.
    package init(
        _ configuration: ModelConfiguration, hidden: Int, intermediate: Int, by importance: ChannelImportance
    ) throws(ChannelPruningError) {
        guard importance.fits(configuration) else {
            throw ChannelPruningError("The scores are not of this model: there are other numbers of channels, or no numbers.")
        }
        guard (1...configuration.hiddenSize).contains(hidden),
            (1...configuration.intermediateSize).contains(intermediate)
        else {
            throw ChannelPruningError(
                "A model of \(configuration.hiddenSize)×\(configuration.intermediateSize) channels cannot be pruned to "
                    + "\(hidden)×\(intermediate).")
        }
        self.init(all: configuration)
        self.hidden = importance.hidden.placesOfLargest(hidden)
        self.intermediate = importance.intermediate.map { $0.placesOfLargest(intermediate) }
    }

    /// - Throws: `ChannelPruningError` when a model of this configuration cannot keep these channels and no others.
    func check(against configuration: ModelConfiguration) throws(ChannelPruningError) {
        let groups = [
            ([hidden], configuration.hiddenSize, 1), (intermediate, configuration.intermediateSize, configuration.layerCount),
        ]
        for (lists, limit, count) in groups + [(keyValueHeads, configuration.keyValueHeadCount, configuration.layerCount)] {
            let fits = lists.allSatisfy { list in
                zip(list, list.dropFirst()).allSatisfy(<) && list.allSatisfy((0..<limit).contains)
            }
            guard lists.count == count, fits, let kept = lists.first?.count, kept > 0,
                lists.allSatisfy({ $0.count == kept })
            else { throw ChannelPruningError("The channels to keep are not those of the model, or differ between its layers.") }
        }
    }
}

/// Channels that cannot be removed from a model as asked.
package struct ChannelPruningError: Error, Hashable, Sendable, CustomStringConvertible {
    package let description: String

    package init(_ description: String) { self.description = description }
}

extension ChannelImportance {
    func fits(_ configuration: ModelConfiguration) -> Bool {
        func fits(_ lists: [[Double]], _ count: Int) -> Bool {
            lists.count == configuration.layerCount && lists.allSatisfy { $0.count == count && $0.allSatisfy(\.isFinite) }
        }
        return hidden.count == configuration.hiddenSize && hidden.allSatisfy(\.isFinite)
            && fits(intermediate, configuration.intermediateSize) && fits(heads, configuration.headCount)
    }
}

extension [[Double]] {
    /// The places of each list's `count` largest values, in rising order; of equal values the first.
    /// - Throws: `ChannelPruningError` for a list that is shorter, or has something that is no number.
    package func places(ofLargest count: Int) throws(ChannelPruningError) -> [[Int]] {
        guard allSatisfy({ $0.count >= count && $0.allSatisfy(\.isFinite) }) else {
            throw ChannelPruningError("There are fewer than \(count) scores of a layer, or some are no numbers.")
        }
        return map { $0.placesOfLargest(count) }
    }
}

extension [Double] {
    /// The places of the `count` largest values, in rising order; of equal values the first.
    fileprivate func placesOfLargest(_ count: Int) -> [Int] {
        indices.sorted { (self[$1], $0) < (self[$0], $1) }.prefix(count).sorted()
    }
}

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
        model.keepEmbeddingScale(of: configuration)
        return model
    }

    /// Where rows of the embedding are multiplied by the root of the hidden size, which is smaller now, they grow as much. What a
    /// head that is the embedding gains by it, the final norm takes back.
    private mutating func keepEmbeddingScale(of old: ModelConfiguration) {
        let factor = old.embeddingScale / configuration.embeddingScale
        guard factor != 1 else { return }
        let (words, norm) = (0..<layout.embeddingCount, layout.finalNorm..<layout.finalNorm + configuration.hiddenSize)
        let (isTied, shift) = (configuration.tiesEmbeddings, configuration.family.normShift)
        values.withUnsafeMutableBufferPointer { values in
            for place in words { values[place] *= factor }
            if isTied { for place in norm { values[place] = (values[place] + shift) / factor - shift } }
        }
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
        case .projections:
            kept(of: .queries, inLayer: layer, configuration)
                + [0, configuration.keyValueSize].flatMap { start in
                    kept(of: .keyValues, inLayer: layer, configuration).map { configuration.attentionSize + start + $0 }
                }
        case .gateUp: [0, configuration.intermediateSize].flatMap { start in intermediate[layer ?? 0].map { start + $0 } }
        case .vocabulary, .head: Array(0..<axis.size(in: configuration))
        }
    }
}
