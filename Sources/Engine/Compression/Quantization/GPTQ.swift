import CKernels

/// GPTQ (Frantar et al., arXiv 2210.17323): rounds one column after the other. The later columns correct the error, as far as H
/// = XᵀX allows.
///
/// Columns are held in the reverse of their order. Then the upper Cholesky factor of H⁻¹ that the paper asks for is L⁻¹ of
/// the reversed H, read from its last row to its first.
struct GPTQ {
    /// Columns; the one that is rounded first is at the end.
    private let order: [Int]
    private let inverse: CholeskyInverse
    /// Scales are those of the unchanged weights, whose groups are then the layout's own in any order. Else a group's scale is
    /// chosen when its first column is reached.
    private let scalesComeFirst: Bool

    /// Columns whose changes are applied to all later ones together.
    private static let block = 128

    /// - Parameters:
    ///   - damped: H with its damping, row-major.
    ///   - activationOrder: whether columns go by falling diagonal of H.
    init(
        damped: [Double], width: Int, activationOrder: Bool, name: String, workers: WorkerPool
    ) throws(QuantizationError) {
        var order = Array(0..<width)
        if activationOrder {
            order.sort { (-damped[$0 * width + $0], $0) < (-damped[$1 * width + $1], $1) }
        }
        order.reverse()
        var reversed = [Double](repeating: 0, count: width * width)
        for (row, from) in order.enumerated() {
            for column in 0...row { reversed[row * width + column] = damped[from * width + order[column]] }
        }
        guard let inverse = CholeskyInverse(of: reversed, size: width, workers: workers) else {
            throw QuantizationError(
                "The statistics of \(name) have no inverse; calibrate on more rows, or raise quantize.damping.")
        }
        (self.order, self.inverse) = (order, inverse)
        scalesComeFirst = activationOrder
    }

    /// Rounds weights that were checked, row-major [rows, width].
    func round(_ weights: [Float], rows: Int, to grid: IntegerQuantization, workers: WorkerPool) -> IntegerCodes {
        let width = order.count
        var result = IntegerCodes(
            codes: [Int8](repeating: 0, count: weights.count), scales: [], rows: rows, columns: width,
            groupSize: grid.group(width))
        var scales = [Float](repeating: 1, count: rows * result.groupsPerRow)
        if scalesComeFirst { scales = grid.nearest(weights, rows: rows, columns: width).scales }
        let groupSize = result.groupSize
        result.codes.withUnsafeMutableBufferPointer { codes in
            scales.withUnsafeMutableBufferPointer { scales in
                guard let codes = codes.baseAddress, let scales = scales.baseAddress else { return }
                RowTile.forEach(rows: rows, workers: workers) { tile in
                    round(tile, of: weights, to: grid, groupSize, codes, scales)
                }
            }
        }
        result.scales = scales
        return result
    }

    private func round(
        _ rows: Range<Int>, of weights: [Float], to grid: IntegerQuantization, _ groupSize: Int,
        _ codes: UnsafeMutablePointer<Int8>, _ scales: UnsafeMutablePointer<Float>
    ) {
        let (width, lanes) = (order.count, RowTile.lanes)
        let (groups, largest) = (width / groupSize, Double(grid.largestCode))
        let places = (0..<Int32(width)).map { $0 }
        withUnsafeTemporaryAllocation(of: Double.self, capacity: (width + Self.block) * lanes) { memory in
            guard let w = memory.baseAddress else { return }
            let errors = w + width * lanes
            RowTile.load(rows, of: weights, order: order, columns: width, into: w)
            inverse.values.withUnsafeBufferPointer { inverse in
                places.withUnsafeBufferPointer { places in
                    guard let inverse = inverse.baseAddress else { return }
                    for block in blocks(groupSize) {
                        for place in block.reversed() {
                            let (column, diagonal) = (order[place], inverse[place * width + place])
                            let error = errors + (place - block.lowerBound) * lanes
                            for lane in 0..<lanes { error[lane] = 0 }
                            for (lane, row) in rows.enumerated() {
                                let scale = scales + row * groups + column / groupSize
                                if !scalesComeFirst && column % groupSize == 0 {
                                    var top = 0.0
                                    for later in place + 1 - groupSize...place { top = max(top, abs(w[later * lanes + lane])) }
                                    scale.pointee = grid.scale(largest: Float(top))
                                }
                                let (weight, step) = (w[place * lanes + lane], Double(scale.pointee))
                                let code = min(max((weight / step).rounded(.toNearestOrEven), -largest), largest)
                                codes[row * width + column] = Int8(code)
                                error[lane] = (weight - code * step) / diagonal
                            }
                            RowTile.subtract(
                                UnsafeBufferPointer(rebasing: places[place...place]), error, of: inverse, stride: width,
                                first: block.lowerBound, count: place - block.lowerBound, from: w + block.lowerBound * lanes)
                        }
                        RowTile.subtract(
                            UnsafeBufferPointer(rebasing: places[block]), errors, of: inverse, stride: width, first: 0,
                            count: block.lowerBound, from: w)
                    }
                }
            }
        }
    }

    /// Ranges of places from the last to the first. Where a group begins, all earlier changes have reached all of it: blocks hold
    /// whole groups, or groups whole blocks.
    private func blocks(_ groupSize: Int) -> [Range<Int>] {
        let width = order.count
        let run = groupSize <= Self.block ? Self.block / groupSize * groupSize : groupSize
        return stride(from: 0, to: width, by: run).flatMap { start in
            let end = min(width, start + run)
            return stride(from: start, to: end, by: Self.block).map {
                width - min(end, $0 + Self.block)..<width - $0
            }
        }
    }
}
