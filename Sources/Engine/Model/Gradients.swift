/// Where a backward pass leaves the gradients of the weights: memory that lies as the weights do.
struct Gradients {
    let base: UnsafeMutablePointer<Float>
    /// The first of several passes replaces what was there, so that nobody has to clear it.
    let accumulation: MatrixMultiply.Accumulation

    var isAdding: Bool { accumulation == .adding }
}
