/// Which layers to remove from a model.
package struct DepthPruning: Hashable, Sendable {
    /// In rising order.
    package let removedLayers: [Int]
    package let parametersBefore: Int
    package let parametersAfter: Int

    /// The least important layers, as many as come closest to the ratio of all parameters; one layer is always kept. Of
    /// equally important layers the lower one goes first; of two equally close numbers the smaller is taken.
    /// - Parameters:
    ///   - importance: One value per layer.
    ///   - ratio: Share of all parameters to remove, from 0 to below 1.
    /// - Throws: `DepthPruningError` when importance or ratio do not fit.
    package init(_ configuration: ModelConfiguration, importance: [Double], ratio: Double) throws(DepthPruningError) {
        guard ratio >= 0, ratio < 1 else {
            throw DepthPruningError(description: "A ratio from 0 to below 1 is needed, not \(ratio).")
        }
        let layout = DecoderLayout(configuration)
        let wanted = ratio * Double(layout.count)
        func distance(_ removed: Int) -> Double { abs(Double(removed * layout.layerSize) - wanted) }
        let count = (0..<configuration.layerCount).min { (distance($0), $0) < (distance($1), $1) } ?? 0
        try self.init(configuration, importance: importance, layers: count)
    }

    /// So many of the least important layers.
    /// - Throws: `DepthPruningError` when no layer would be left, or the scores do not fit.
    package init(_ configuration: ModelConfiguration, importance: [Double], layers count: Int) throws(DepthPruningError) {
        guard importance.count == configuration.layerCount, importance.allSatisfy(\.isFinite) else {
            throw DepthPruningError(
                description: "There are \(importance.count) scores for the \(configuration.layerCount) layers of the model, or "
                    + "some are no numbers.")
        }
        guard (0..<configuration.layerCount).contains(count) else {
            throw DepthPruningError(
                description: "\(count) of the model's \(configuration.layerCount) layers cannot be removed; one has to stay.")
        }
        let layout = DecoderLayout(configuration)
        let order = importance.indices.sorted { (importance[$0], $0) < (importance[$1], $1) }
        removedLayers = order.prefix(count).sorted()
        parametersBefore = layout.count
        parametersAfter = layout.count - count * layout.layerSize
    }
}

/// Scores or a ratio that do not fit the model.
package struct DepthPruningError: Error, Hashable, Sendable, CustomStringConvertible {
    package let description: String
}

extension Model {
    /// The model without some of its layers; those that stay keep their order and are numbered anew.
    package func removing(_ pruning: DepthPruning) throws(ModelConfigurationError) -> Model {
        let kept = (0..<configuration.layerCount).filter { !pruning.removedLayers.contains($0) }
        guard !kept.isEmpty else { throw ModelConfigurationError(field: "num_hidden_layers", reason: "must be at least 1") }
        var smaller = configuration
        smaller.layerCount = kept.count
        var model = Model(zeros: smaller)
        let layers = kept.map { layout.start(ofLayer: $0)..<layout.start(ofLayer: $0) + layout.layerSize }
        model.values.withUnsafeMutableBufferPointer { target in
            var place = target.startIndex
            for range in [0..<layout.embeddingCount] + layers + [layout.finalNorm..<layout.count] {
                place = target[place...].update(fromContentsOf: values[range])
            }
        }
        return model
    }
}
