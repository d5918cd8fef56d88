import CKernels

extension Processor {
    /// Floating-point operations a second that so many threads reach in a matrix product: a few milliseconds' measurement,
    /// for predictions.
    package static func speed(threads: Int) -> Double {
        let (rows, columns, depth) = (256, 256, 256)
        return withUnsafeTemporaryAllocation(of: Float.self, capacity: rows * depth + depth * columns + rows * columns) {
            memory in
            guard let base = memory.baseAddress else { return 1e11 }
            memory.initialize(repeating: 0.5)
            let a = MatrixView(base, rows, depth)
            let b = MatrixView(base + rows * depth, depth, columns)
            let c = MatrixView(base + rows * depth + depth * columns, rows, columns)
            let clock = ContinuousClock()
            let best = (0..<5).map { _ in clock.measure { MatrixMultiply.product(a, b, into: c) } }.min() ?? .seconds(1)
            let seconds = max(Double(best.components.attoseconds) * 1e-18 + Double(best.components.seconds), 1e-6)
            return Double(2 * rows * columns * depth) / seconds * Double(threads)
        }
    }
}
