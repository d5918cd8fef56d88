/// A named tensor of a model, at its place in the model's one array of values.
package struct Parameter: Hashable, Sendable {
    package enum Role: Hashable, Sendable {
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
    package let name: String
    /// A matrix is [out, in].
    package let shape: [Int]
    package let role: Role
    /// Of the first value.
    package let offset: Int

    package var count: Int { shape.reduce(1, *) }
    package var range: Range<Int> { offset..<offset + count }

    /// Whether weight decay applies: not to norms and biases.
    package var decays: Bool { role != .bias && role != .norm }
}
