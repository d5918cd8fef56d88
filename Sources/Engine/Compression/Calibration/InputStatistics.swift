/// What calibration learns of the values X [tokens, width] that a linear module reads.
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

    /// Takes in the values of more tokens, in H's lower triangle alone. Chunks and tiles are fixed, so that no result depends
    /// on the threads.
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
