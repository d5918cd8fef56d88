/// What a model's configuration says of its size, before its weights are read.
package struct ModelDimensions: Hashable, Sendable {
    package let parameterCount: Int
    /// Values of the matrices of the layers.
    package let matrixCount: Int
    /// Of the hidden states.
    package let width: Int
    /// Columns of the matrices of the layers, each number once, rising.
    package let columns: [Int]

    package init(_ configuration: ModelConfiguration) {
        let layout = DecoderLayout(configuration)
        let matrices = layout.parameters.filter { $0.role == .hiddenMatrix }
        parameterCount = layout.count
        matrixCount = matrices.reduce(0) { $0 + $1.count }
        width = configuration.hiddenSize
        columns = Set(matrices.map(\.columns)).sorted()
    }
}
