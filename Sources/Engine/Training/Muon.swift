import CKernels

/// Muon (Jordan et al., 2024): the update of a matrix is its momentum, orthogonalized by Newton–Schulz iterations, and
/// scaled to a root mean square of 0.2 (Liu et al., 2025).
enum Muon {
    static let momentum: Float = 0.95
    private static let iterations = 5
    private static let coefficients: (Float, Float, Float) = (3.4445, -4.7750, 2.0315)

    /// weights ← weights·(1 − rate·decay) − rate·0.2·√max(rows, columns)·orthogonal(update); `update` is used up.
    static func apply(
        _ update: UnsafeMutablePointer<Float>, to weights: UnsafeMutablePointer<Float>, rows: Int, columns: Int,
        learningRate: Double, weightDecay: Double, products: ProductPrecision
    ) {
        let direction = orthogonalize(update, rows: rows, columns: columns, products: products)
        let scale = 0.2 * Double(max(rows, columns)).squareRoot()
        decant_apply_update(
            weights, direction, Float(learningRate * scale), Float(learningRate * weightDecay), rows * columns)
    }

    /// X [rows, columns] → a matrix with the same singular vectors and singular values near 1, in `matrix` or in the thread's
    /// scratch memory.
    static func orthogonalize(
        _ matrix: UnsafeMutablePointer<Float>, rows: Int, columns: Int, products: ProductPrecision = .float32
    ) -> UnsafeMutablePointer<Float> {
        let count = rows * columns
        let side = min(rows, columns)
        let norm = decant_sum_of_squares(matrix, count).squareRoot()
        decant_scale(matrix, Float(1 / (norm + 1e-7)), count)
        guard let scratch = decant_thread_scratch(decant_scratch_optimizer, count + 2 * side * side) else { return matrix }
        var x = MatrixView(matrix, rows, columns)
        var next = MatrixView(scratch, rows, columns)
        let gram = MatrixView(scratch + count, side, side)
        let polynomial = MatrixView(scratch + count + side * side, side, side)
        let (a, b, c) = coefficients
        for _ in 0..<iterations {
            // gram = XXᵀ or XᵀX, whichever is smaller; X ← aX + (b·gram + c·gram²)X
            if rows <= columns {
                MatrixMultiply.product(x, transposed: x, into: gram, in: products)
            } else {
                MatrixMultiply.product(transposed: x, x, into: gram, in: products)
            }
            MatrixMultiply.product(gram, gram, into: polynomial, in: products)
            decant_combine(polynomial.base, c, gram.base, b, side * side)
            if rows <= columns {
                MatrixMultiply.product(polynomial, x, into: next, in: products)
            } else {
                MatrixMultiply.product(x, polynomial, into: next, in: products)
            }
            decant_combine(next.base, 1, x.base, a, count)
            swap(&x, &next)
        }
        return x.base
    }
}
