/// The sizes of a Qwen2-family transformer that its parameters and operations follow from.
public struct CostShape: Hashable, Sendable {
    /// h
    public var hidden: Int
    public var layers: Int
    /// a
    public var heads: Int
    /// k
    public var keyValueHeads: Int
    /// d
    public var headSize: Int
    /// i
    public var intermediate: Int
    /// V
    public var vocabulary: Int
    /// Whether the head shares the embedding's weights.
    public var tied: Bool

    public init(
        hidden: Int, layers: Int, heads: Int, keyValueHeads: Int, headSize: Int, intermediate: Int, vocabulary: Int, tied: Bool
    ) {
        self.hidden = hidden
        self.layers = layers
        self.heads = heads
        self.keyValueHeads = keyValueHeads
        self.headSize = headSize
        self.intermediate = intermediate
        self.vocabulary = vocabulary
        self.tied = tied
    }
}
