import BuildModel
import Words

/// Removes what is least important.
///
/// Inputs: `model`, `scores` (of `prune.score`).
/// Output: a model folder and `pruning.json` (what was removed, parameters before and after; of a search all shapes with their
/// perplexities; of neurons and heads each layer's reconstruction error).
package struct PruneApply: StageKind {
    package static let name = "prune.apply"
    package static let revision = 2
    package static let inputs: [InputDeclaration] = [.required("model"), .required("scores")]

    /// Channels that go at once.
    package struct Granularity: Codable, Hashable, Sendable {
        /// `width` alone removes embedding channels.
        package var hidden: Int?
        package var intermediate: Int

        package init(hidden: Int? = nil, intermediate: Int) {
            self.hidden = hidden
            self.intermediate = intermediate
        }
    }

    /// Which of the shapes near a ratio is taken.
    package struct Search: Codable, Hashable, Sendable {
        /// How far from the ratio a shape's share of removed parameters may lie.
        package var tolerance: Double
        /// Calibration rows that each shape's perplexity is measured on.
        package var samples: Int

        package init(tolerance: Double, samples: Int) {
            self.tolerance = tolerance
            self.samples = samples
        }
    }

    package var method: PruneMethod
    /// Share of all parameters to remove, between 0 and 1: as many layers or neurons as come closest, or with `width` the best
    /// of the shapes that come near.
    package var ratio: Double?
    /// Layers to remove, instead.
    package var layers: Int?
    /// Widths and heads that are left, instead.
    package var hidden: Int?
    package var intermediate: Int?
    package var kvHeads: Int?
    /// With a ratio of channels or neurons.
    package var granularity: Granularity?
    /// With a ratio of channels.
    package var search: Search?
    /// Share of the mean of H's diagonal that is added to it.
    package var damping: Double?

    package init(
        method: PruneMethod, ratio: Double? = nil, layers: Int? = nil, hidden: Int? = nil, intermediate: Int? = nil,
        kvHeads: Int? = nil, granularity: Granularity? = nil, search: Search? = nil, damping: Double? = nil
    ) {
        self.method = method
        self.ratio = ratio
        self.layers = layers
        self.hidden = hidden
        self.intermediate = intermediate
        self.kvHeads = kvHeads
        self.granularity = granularity
        self.search = search
        self.damping = damping
    }

    /// To compare shapes, and for the inputs of the layers; otherwise weights are only taken out.
    package var runsModel: Bool {
        switch method {
        case .depth: false
        case .width: search != nil
        case .osscar, .magnitude, .activation: true
        }
    }

    package func memory(_ inputs: [String: Int]) -> Int { runsModel ? Memory.inference(inputs) : Stage.plainMemory(inputs) }
}
