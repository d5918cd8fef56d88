/// Removes what is least important.
///
/// Inputs: `model`, `scores` (of `prune.score`).
/// Output: a model folder and `pruning.json` (what was removed, parameters before and after).
public struct PruneApply: StageKind {
    public static let name = "prune.apply"
    public static let revision = 1
    public static let inputs: [InputDeclaration] = [.required("model"), .required("scores")]

    public var method: PruneMethod
    /// Share of all parameters to remove, between 0 and 1; as many layers or channels as come closest.
    public var ratio: Double?
    /// Layers to remove, instead.
    public var layers: Int?
    /// Widths that are left, instead.
    public var hidden: Int?
    public var intermediate: Int?

    public init(method: PruneMethod, ratio: Double? = nil, layers: Int? = nil, hidden: Int? = nil, intermediate: Int? = nil) {
        self.method = method
        self.ratio = ratio
        self.layers = layers
        self.hidden = hidden
        self.intermediate = intermediate
    }
}
