import CKernels

/// Sixteen rows of a matrix side by side, a lane each, in double precision: what is rounded, or weighed, at a time.
///
/// Rows are independent of each other, so that tiles may go to any thread. Lanes beyond the last row are zero.
enum RowTile {
    static let lanes = Int(decant_rounding_lanes)

    /// Calls `body` with the rows of each tile.
    static func forEach(rows: Int, workers: WorkerPool, _ body: (Range<Int>) -> Void) {
        workers.forEachRange(rows, size: lanes, body)
    }

    /// Fills a tile [order.count, 16] with some rows of a matrix, columns in this order.
    static func load(
        _ rows: Range<Int>, of matrix: [Float], order: some Sequence<Int>, columns: Int,
        into tile: UnsafeMutablePointer<Double>
    ) {
        for (place, column) in order.enumerated() {
            let target = tile + place * lanes
            for lane in 0..<lanes {
                target[lane] = lane < rows.count ? Double(matrix[(rows.lowerBound + lane) * columns + column]) : 0
            }
        }
    }

    /// tile [count, 16] −= Σ over `terms` of factors [terms, 16] · the term's row of `matrix`, from its column `first` on.
    static func subtract(
        _ terms: UnsafeBufferPointer<Int32>, _ factors: UnsafePointer<Double>, of matrix: UnsafePointer<Double>, stride: Int,
        first: Int, count: Int, from tile: UnsafeMutablePointer<Double>
    ) {
        guard let rows = terms.baseAddress, count > 0 else { return }
        decant_tile_subtract(tile, factors, matrix + first, rows, stride, terms.count, count)
    }
}
