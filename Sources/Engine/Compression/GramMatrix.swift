/// H = XᵀX of a layer's inputs X [tokens, size], in double precision, with which a layer's outputs are compared without them.
struct GramMatrix {
    let size: Int
    /// [size, size], symmetric.
    private(set) var values: [Double]
    private let buffer: FloatBuffer

    init(size: Int) {
        self.size = size
        values = [Double](repeating: 0, count: size * size)
        buffer = FloatBuffer(count: size * size)
    }

    /// Adds the products of some rows' inputs [rows, size], summed as float32.
    mutating func add(_ inputs: UnsafeMutablePointer<Float>, rows: Int, workers: WorkerPool) {
        let x = MatrixView(inputs, rows, size)
        MatrixMultiply.product(transposed: x, x, into: MatrixView(buffer.base, size, size), on: workers)
        let products = buffer.base
        let size = size
        values.withUnsafeMutableBufferPointer { values in
            workers.forEachRange(size, size: 64) { rows in
                for place in rows.lowerBound * size..<rows.upperBound * size { values[place] += Double(products[place]) }
            }
        }
        withExtendedLifetime(buffer) {}
    }

    /// H + λI, where λ is `damping` times the mean of the diagonal; 1 where no input is other than zero.
    func damped(by damping: Double) -> [Double] {
        let mean = (0..<size).reduce(0) { $0 + values[$1 * size + $1] } / Double(max(1, size))
        let addition = mean > 0 ? damping * mean : 1
        var damped = values
        for channel in 0..<size { damped[channel * size + channel] += addition }
        return damped
    }

    /// ‖XD‖² = tr(DᵀHD) for D [size, outputs].
    func squaredOutput(of d: [Double], outputs: Int, workers: WorkerPool) -> Double {
        var rows = [Double](repeating: 0, count: size)
        let product = DoubleProduct.product(values, d, rows: size, depth: size, columns: outputs, workers: workers)
        for row in 0..<size {
            var sum = 0.0
            for column in row * outputs..<(row + 1) * outputs { sum += product[column] * d[column] }
            rows[row] = sum
        }
        return max(0, rows.reduce(0, +))
    }
}
