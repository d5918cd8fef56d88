/// Statistics of the values X [tokens, width] that a linear module reads.
package struct InputStatistics: Hashable, Sendable {
    package let width: Int
    /// H = XᵀX, row-major [width, width], symmetric.
    package internal(set) var products: [Double]
    /// max |X_j| over the tokens.
    package internal(set) var ranges: [Float]

    init(width: Int) {
        self.width = width
        products = [Double](repeating: 0, count: width * width)
        ranges = [Float](repeating: 0, count: width)
    }

    /// Tokens whose products are summed in float32 before they are added in float64.
    private static let chunk = 1536
    /// Rows of H that a worker computes at a time, up to the diagonal.
    private static let tile = 64

    /// Adds the values of more tokens to H's lower triangle. Chunks and tiles are fixed, so results do not depend on the
    /// threads.
    mutating func add(_ x: MatrixView, workers: WorkerPool) {
        precondition(x.columns == width, "values of another width")
        let scratch = FloatBuffer(count: width * width)
        for start in stride(from: 0, to: x.rows, by: Self.chunk) {
            let rows = MatrixView(x.base + start * x.stride, min(Self.chunk, x.rows - start), width, stride: x.stride)
            addRanges(rows)
            products.withUnsafeMutableBufferPointer { products in
                guard let products = products.baseAddress else { return }
                workers.forEachRange(width, size: Self.tile) { tile in
                    MatrixMultiply.product(
                        transposed: rows.columns(from: tile.lowerBound, count: tile.count),
                        rows.columns(from: 0, count: tile.upperBound),
                        into: MatrixView(scratch.base + tile.lowerBound * width, tile.count, tile.upperBound, stride: width))
                    for row in tile {
                        for column in 0...row { products[row * width + column] += Double(scratch.base[row * width + column]) }
                    }
                }
            }
        }
    }

    private mutating func addRanges(_ x: MatrixView) {
        for row in 0..<x.rows {
            for column in 0..<width { ranges[column] = max(ranges[column], abs(x.base[row * x.stride + column])) }
        }
    }

    /// The statistics of X with each column divided by a number.
    func divided(by divisors: [Float]) -> InputStatistics {
        var divided = self
        for row in 0..<width {
            for column in 0..<width {
                divided.products[row * width + column] /= Double(divisors[row]) * Double(divisors[column])
            }
            divided.ranges[row] /= divisors[row]
        }
        return divided
    }

    /// Copies the lower triangle over the upper one.
    mutating func mirror() {
        for row in 0..<width { for column in 0..<row { products[column * width + row] = products[row * width + column] } }
    }
}

extension InputStatistics {
    /// The lower triangle of H by rows, rounded to float32: what is stored.
    var triangle: [Float] { (0..<width).flatMap { row in (0...row).map { Float(products[row * width + $0]) } } }

    /// From what is stored; both arrays are of the width that they are said to be.
    init(width: Int, triangle: [Float], ranges: [Float]) {
        self.init(width: width)
        self.ranges = ranges
        var place = 0
        for row in 0..<width {
            for column in 0...row {
                products[row * width + column] = Double(triangle[place])
                place += 1
            }
        }
        mirror()
    }
}

extension InputStatistics {
    /// H with a share of its mean diagonal added to the diagonal; the unit matrix where nothing was ever read.
    ///
    /// So the weights of an input that is always zero are rounded to nearest.
    func damped(_ share: Double) -> [Double] {
        var damped = products
        let mean = (0..<width).reduce(0) { $0 + products[$1 * width + $1] } / Double(max(width, 1))
        for place in 0..<width { damped[place * width + place] += mean > 0 ? share * mean : 1 }
        return damped
    }

    /// ‖X·Aᵀ‖² for a row-major matrix A [rows, width].
    func energy(of matrix: [Float], rows: Int, workers: WorkerPool) -> Double {
        let lanes = RowTile.lanes
        let places = (0..<Int32(width)).map { $0 }
        var energies = [Double](repeating: 0, count: rows / lanes + 1)
        energies.withUnsafeMutableBufferPointer { energies in
            RowTile.forEach(rows: rows, workers: workers) { tile in
                withUnsafeTemporaryAllocation(of: Double.self, capacity: 2 * width * lanes) { memory in
                    guard let values = memory.baseAddress else { return }
                    let image = values + width * lanes
                    RowTile.load(tile, of: matrix, order: 0..<width, columns: width, into: values)
                    image.update(repeating: 0, count: width * lanes)
                    products.withUnsafeBufferPointer { products in
                        places.withUnsafeBufferPointer { places in
                            guard let products = products.baseAddress else { return }
                            RowTile.subtract(places, values, of: products, stride: width, first: 0, count: width, from: image)
                        }
                    }
                    energies[tile.lowerBound / lanes] = (0..<width * lanes).reduce(0) { $0 - values[$1] * image[$1] }
                }
            }
        }
        return energies.reduce(0, +)
    }

    /// ‖XW − XŴ‖ / ‖XW‖, Frobenius norms; 0 where XW is zero.
    func reconstructionError(of approximation: [Float], to weights: [Float], rows: Int, workers: WorkerPool) -> Double {
        let norm = energy(of: weights, rows: rows, workers: workers)
        let difference = zip(weights, approximation).map { $0 - $1 }
        return norm > 0 ? (max(energy(of: difference, rows: rows, workers: workers), 0) / norm).squareRoot() : 0
    }
}
