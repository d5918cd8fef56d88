/// QuantEase (Behdin et al., arXiv 2309.01885): cyclic coordinate descent on ‖X(W − Ŵ)ᵀ‖². Each code in turn becomes the best
/// one given all others of its row, so that the error never rises.
struct QuantEase {
    /// H, symmetric, row-major [width, width].
    private let products: [Double]
    private let width: Int
    private let iterations: Int

    /// Columns whose changes are applied to all others together.
    private static let block = 64

    /// - Parameter iterations: passes over all columns at most; a tile of rows that did not change in one is done.
    init(products: [Double], width: Int, iterations: Int) {
        (self.products, self.width, self.iterations) = (products, width, iterations)
    }

    /// Improves codes of `weights`, row-major [rows, width]; their scales stay.
    func improve(_ matrix: inout IntegerCodes, of weights: [Float], grid: IntegerQuantization, workers: WorkerPool) {
        let start = matrix
        matrix.codes.withUnsafeMutableBufferPointer { codes in
            guard let codes = codes.baseAddress else { return }
            RowTile.forEach(rows: start.rows, workers: workers) { rows in
                improve(rows, codes, start, of: weights, largest: Double(grid.largestCode))
            }
        }
    }

    private func improve(
        _ rows: Range<Int>, _ codes: UnsafeMutablePointer<Int8>, _ matrix: IntegerCodes, of weights: [Float], largest: Double
    ) {
        let lanes = RowTile.lanes
        let places = (0..<Int32(width)).map { $0 }
        withUnsafeTemporaryAllocation(of: Double.self, capacity: (2 * width + Self.block) * lanes) { memory in
            guard let gradient = memory.baseAddress else { return }
            let (error, changes) = (gradient + width * lanes, gradient + 2 * width * lanes)
            gradient.update(repeating: 0, count: width * lanes)
            RowTile.load(rows, of: weights, order: 0..<width, columns: width, into: error)
            for column in 0..<width {
                for (lane, row) in rows.enumerated() {
                    error[column * lanes + lane] =
                        Double(codes[row * width + column]) * matrix.step(row, column) - error[column * lanes + lane]
                }
            }
            products.withUnsafeBufferPointer { products in
                places.withUnsafeBufferPointer { places in
                    guard let products = products.baseAddress else { return }
                    // (W − Ŵ)·H
                    RowTile.subtract(places, error, of: products, stride: width, first: 0, count: width, from: gradient)
                    for _ in 0..<iterations {
                        guard pass(rows, codes, matrix, products, gradient, changes, largest) else { return }
                    }
                }
            }
        }
    }

    /// One pass over the columns of a tile; false where no code changed.
    private func pass(
        _ rows: Range<Int>, _ codes: UnsafeMutablePointer<Int8>, _ matrix: IntegerCodes, _ products: UnsafePointer<Double>,
        _ gradient: UnsafeMutablePointer<Double>, _ changes: UnsafeMutablePointer<Double>, _ largest: Double
    ) -> Bool {
        let lanes = RowTile.lanes
        var hasChanged = false
        for first in stride(from: 0, to: width, by: Self.block) {
            let count = min(Self.block, width - first)
            var changed: [Int32] = []
            for column in first..<first + count {
                let diagonal = products[column * width + column]
                guard diagonal > 0 else { continue }
                let change = changes + changed.count * lanes
                for lane in 0..<lanes { change[lane] = 0 }
                var moves = false
                for (lane, row) in rows.enumerated() {
                    let step = matrix.step(row, column)
                    let old = Double(codes[row * width + column])
                    let best = old + gradient[column * lanes + lane] / (diagonal * step)
                    let code = min(max(best.rounded(.toNearestOrEven), -largest), largest)
                    guard code != old else { continue }
                    codes[row * width + column] = Int8(code)
                    change[lane] = (code - old) * step
                    moves = true
                }
                guard moves else { continue }
                let term = [Int32(column)]
                term.withUnsafeBufferPointer {
                    RowTile.subtract(
                        $0, change, of: products, stride: width, first: first, count: count, from: gradient + first * lanes)
                }
                changed.append(Int32(column))
            }
            guard !changed.isEmpty else { continue }
            hasChanged = true
            let rest = first + count
            changed.withUnsafeBufferPointer {
                RowTile.subtract($0, changes, of: products, stride: width, first: 0, count: first, from: gradient)
                RowTile.subtract(
                    $0, changes, of: products, stride: width, first: rest, count: width - rest, from: gradient + rest * lanes)
            }
        }
        return hasChanged
    }
}

extension IntegerCodes {
    /// The scale of a weight.
    fileprivate func step(_ row: Int, _ column: Int) -> Double { Double(scales[row * groupsPerRow + column / groupSize]) }
}
