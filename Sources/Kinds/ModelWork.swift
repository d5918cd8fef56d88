import Words

/// What a model's shape says of the work that it makes, before anything has run.
package struct ModelWork: Hashable, Sendable {
    /// All of them.
    package let parameters: Int
    /// Those of the matrices of the layers.
    package let matrices: Int
    /// Of the hidden states: the shorter side of most of these matrices.
    package let width: Int

    package init(parameters: Int, matrices: Int, width: Int) {
        (self.parameters, self.matrices, self.width) = (parameters, matrices, width)
    }

    /// Floating-point operations of moving all weights once.
    ///
    /// Muon orthogonalizes a matrix of m ≥ n in five iterations of 4mn² + 2n³ operations, so that a weight takes 20n and up
    /// to 30n; a moment and a weight that are read and written take the time of some dozen operations each.
    func update(by optimizer: OptimizerKind) -> Double {
        let moving = 100 * Double(parameters)
        return optimizer == .muon ? moving + 24 * Double(width) * Double(matrices) : moving
    }
}
