/// The sizes of a Qwen2-family transformer that its parameters and operations follow from.
package struct CostShape: Hashable, Sendable {
    /// h
    package var hidden: Int
    package var layers: Int
    /// a
    package var heads: Int
    /// k
    package var keyValueHeads: Int
    /// d
    package var headSize: Int
    /// i
    package var intermediate: Int
    /// V
    package var vocabulary: Int
    /// Whether the head shares the embedding's weights.
    package var tied: Bool

    package init(
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
