/// A named tensor of a model, at its place in the model's one array of values.
public struct Parameter: Hashable, Sendable {
    public enum Role: Hashable, Sendable {
        case embedding
        /// A matrix between hidden states: what Muon trains.
        case hiddenMatrix
        case bias
        case norm
        case head
        /// A factor of low rank beside a matrix.
        case adapter
    }

    /// As Hugging Face names it.
    public let name: String
    /// A matrix is [out, in].
    public let shape: [Int]
    public let role: Role
    /// Of the first value.
    public let offset: Int

    public var count: Int { shape.reduce(1, *) }
    public var range: Range<Int> { offset..<offset + count }

    /// Whether weight decay applies: not to norms and biases.
    public var decays: Bool { role != .bias && role != .norm }
}
