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
                KeptWeights(selection, of: layout, in: model.layout, from: source, to: target).copy()
            }
        }
        return model
    }
}

/// Copies what is kept of a model's weights to where a smaller model has them.
private struct KeptWeights {
    private let selection: ChannelSelection
    private let old, new: DecoderLayout
    private let source: UnsafeBufferPointer<Float>
    private let target: UnsafeMutableBufferPointer<Float>

    init(
        _ selection: ChannelSelection, of old: DecoderLayout, in new: DecoderLayout, from source: UnsafeBufferPointer<Float>,
        to target: UnsafeMutableBufferPointer<Float>
    ) {
        (self.selection, self.old, self.new, self.source, self.target) = (selection, old, new, source, target)
    }

    func copy() {
        let words = Array(0..<old.configuration.vocabularySize)
        copy(from: 0, to: 0, rows: words, columns: selection.hidden, width: old.configuration.hiddenSize)
        for layer in 0..<old.configuration.layerCount { copyLayer(layer) }
        copyNorm(from: old.finalNorm, to: new.finalNorm)
        if !old.configuration.tiesEmbeddings {
            copy(from: old.head, to: new.head, rows: words, columns: selection.hidden, width: old.configuration.hiddenSize)
        }
    }

    private func copyLayer(_ index: Int) {
        let configuration = old.configuration
        let (from, to) = (old.start(ofLayer: index), new.start(ofLayer: index))
        let (a, b) = (old.layer, new.layer)
        let (hidden, neurons, heads) = (selection.hidden, selection.intermediate[index], selection.keyValueHeads[index])
        let queries = configuration.queryChannels(of: heads)
        let projections = queries + configuration.keyAndValueRows(of: heads)
        let gateUp = neurons + neurons.map { $0 + configuration.intermediateSize }
        let width = configuration.hiddenSize
        copyNorm(from: from + a.inputNorm, to: to + b.inputNorm)
        copy(from: from + a.projections, to: to + b.projections, rows: projections, columns: hidden, width: width)
        if configuration.hasAttentionBias {
            copy(from: from + a.bias, to: to + b.bias, rows: projections, columns: [0], width: 1)
        }
        copy(from: from + a.output, to: to + b.output, rows: hidden, columns: queries, width: configuration.attentionSize)
        copyNorm(from: from + a.postNorm, to: to + b.postNorm)
        copy(from: from + a.gateUp, to: to + b.gateUp, rows: gateUp, columns: hidden, width: width)
        copy(from: from + a.down, to: to + b.down, rows: hidden, columns: neurons, width: configuration.intermediateSize)
    }

    private func copyNorm(from: Int, to: Int) {
        copy(from: from, to: to, rows: [0], columns: selection.hidden, width: old.configuration.hiddenSize)
    }

    /// Rows and columns of a matrix of so many columns.
    private func copy(from start: Int, to end: Int, rows: [Int], columns: [Int], width: Int) {
        var place = end
        for row in rows {
            for column in columns {
                target[place] = source[start + row * width + column]
                place += 1
            }
        }
    }
}

extension ModelConfiguration {
    /// The channels of the query heads that some key/value heads serve, among all heads' side by side.
    func queryChannels(of keyValueHeads: [Int]) -> [Int] {
        let width = attentionSize / keyValueHeadCount
        return keyValueHeads.flatMap { $0 * width..<($0 + 1) * width }
    }

    /// The rows of these heads' keys, then of their values, in the matrix of queries, keys and values.
    fileprivate func keyAndValueRows(of keyValueHeads: [Int]) -> [Int] {
        let size = keyValueHeadCount * headDimension
        return [attentionSize, attentionSize + size].flatMap { start in
            keyValueHeads.flatMap { start + $0 * headDimension..<start + ($0 + 1) * headDimension }
        }
    }
}
