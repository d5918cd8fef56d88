extension InputStatistics {
    /// H with a share of its mean diagonal added to the diagonal; the unit matrix where nothing was ever read.
    ///
    /// An input that is always zero thereby tells nothing of its weights, which are rounded to nearest.
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
