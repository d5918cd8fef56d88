/// Counts of an encoder's parameters and of the work of reading a text.
package struct EncoderCost: Hashable, Sendable {
    /// Of words, positions and segments.
    package let embedding: Int
    package let others: Int
    /// Operations that a token needs, whatever stands beside it.
    private let perToken: Double
    /// Operations that a token needs for each token of its text, itself included.
    private let perPair: Double
    /// Of the heads that read a text once.
    private let perText: Double

    package var parameters: Int { embedding + others }

    package init(_ configuration: EncoderConfiguration, heads: [EncoderHead]) {
        let layout = EncoderLayout(configuration, heads: heads)
        embedding = layout.parameters.filter { $0.role == .embedding }.reduce(0) { $0 + $1.count }
        others = layout.count - embedding
        func labels(_ reading: EncoderHead.Reading) -> Int {
            heads.filter { $0.reading == reading }.reduce(0) { $0 + $1.labels.count }
        }
        let hidden = configuration.hiddenSize
        let matrices = layout.parameters.filter { $0.role == .hiddenMatrix }.reduce(0) { $0 + $1.count }
        perToken = 2 * Double(matrices + labels(.tokens) * hidden)
        perPair = Double(4 * hidden * configuration.layerCount)
        perText = 2 * Double(labels(.text) * hidden)
    }

    /// The operations of reading one text, a multiplication and an addition counted as two; biases, norms and softmax are not
    /// counted, as for models that answer.
    package func reading(tokens: Int) -> Double {
        let count = Double(tokens)
        return count * perToken + count * count * perPair + perText
    }
}
