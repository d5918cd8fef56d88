/// Removes the least important layers, as many as come closest to the ratio of all parameters.
///
/// Inputs: `model`, `scores` (of `prune.score`).
/// Output: a model folder and `pruning.json` (layers removed, parameters before and after).
public struct PruneApply: StageKind {
    public static let name = "prune.apply"
    public static let revision = 1

    public var method: PruneMethod
    /// Share of all parameters to remove, between 0 and 1.
    public var ratio: Double

    public init(method: PruneMethod, ratio: Double) {
        self.method = method
        self.ratio = ratio
    }
}
