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
    /// Of each list, where the largest `count` stand, in rising order; of equals the first.
    /// - Throws: `ChannelPruningError` for a list that is shorter, or has something that is no number.
    package func places(ofLargest count: Int) throws(ChannelPruningError) -> [[Int]] {
        guard allSatisfy({ $0.count >= count && $0.allSatisfy(\.isFinite) }) else {
            throw ChannelPruningError("There are fewer than \(count) scores of a layer, or some are no numbers.")
        }
        return map { $0.placesOfLargest(count) }
    }
}

extension [Double] {
    /// Where the largest `count` stand, in rising order; of equals the first.
    fileprivate func placesOfLargest(_ count: Int) -> [Int] {
        indices.sorted { (self[$1], $0) < (self[$0], $1) }.prefix(count).sorted()
    }
}
