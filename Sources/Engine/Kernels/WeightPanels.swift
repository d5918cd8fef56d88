/// A linear layer's packed weights in the order in which products read them.
protocol WeightPanels: PackedMatrix {
    /// What the matrix's inputs are rounded to.
    var activations: ActivationType { get }
    /// x [T, inputs] → y [T, rows.count] (+)= x·Wᵀ of some rows, the first of them a multiple of `WordPanels.outputs`.
    ///
    /// - Parameter x: made for these `activations`, among others.
    func multiply(
        rows: Range<Int>, _ x: LinearOperand, into y: MatrixView, _ accumulation: MatrixMultiply.Accumulation)
}
