import CKernels

/// A linear layer's weights, packed once so that no product packs them again: few rows then cost one pass over the memory.
///
/// y = x·Wᵀ is cut into tiles of outputs; what a tile gives does not depend on the others, nor on the number of rows.
final class PanelMatrix {
    private enum Source {
        /// Floats of `panels` from this offset on.
        case panels(Int)
        /// Rows of a packed matrix from this one on, the first of a panel.
        case packed(any WeightPanels, firstRow: Int)
    }

    private struct Tile {
        var columns: Range<Int>
        var source: Source
    }

    let outputs: Int
    let inputs: Int
    /// Of the products with float weights.
    private let precision: ProductPrecision
    private let panels: FloatBuffer
    private let tiles: [Tile]
    /// All that some tile's inputs are rounded to.
    private let activations: Set<ActivationType>

    /// The weights of matrices [outputs, inputs] that lie one behind the other: packed ones, or floats. Floats that are
    /// bfloat16 all the same are kept as such: it is half the memory to read, and the same bits.
    init(
        _ parts: [(outputs: Int, packed: (any WeightPanels)?)], inputs: Int, floats: UnsafePointer<Float>, workers: WorkerPool,
        precision: ProductPrecision = .float32
    ) {
        outputs = parts.reduce(0) { $0 + $1.outputs }
        self.inputs = inputs
        self.precision = precision
        let step = Self.tileWidth(outputs)
        var tiles: [Tile] = []
        var (offset, first) = (0, 0)
        for (count, packed) in parts {
            let packed = packed ?? Self.halved(floats + first * inputs, rows: count, columns: inputs, precision)
            for start in stride(from: 0, to: count, by: step) {
                let width = min(step, count - start)
                let columns = first + start..<first + start + width
                if let packed {
                    tiles.append(Tile(columns: columns, source: .packed(packed, firstRow: start)))
                } else {
                    tiles.append(Tile(columns: columns, source: .panels(offset)))
                    offset += Self.panelCount(width, Self.wordsPerOutput(inputs, precision))
                }
            }
            first += count
        }
        let panels = FloatBuffer(count: offset)
        workers.forEach(tiles.count) { index in
            guard case .panels(let offset) = tiles[index].source else { return }
            let columns = tiles[index].columns
            let (first, target) = (floats + columns.lowerBound * inputs, panels.base + offset)
            switch precision.factors {
            case .float32: decant_panels_pack(first, inputs, columns.count, inputs, target)
            case .bfloat16: decant_panels_pack_bfloat16(first, inputs, columns.count, inputs, target)
            }
        }
        self.tiles = tiles
        activations = Set(parts.compactMap { $0.packed?.activations })
        self.panels = panels
    }

    var tileCount: Int { tiles.count }

    /// Of what is kept as floats, or as words of the product's precision.
    var floatBytes: Int { 4 * panels.count }

    func columns(ofTile index: Int) -> Range<Int> { tiles[index].columns }

    /// x [rows, inputs] → y [rows, outputs] (+)= x·Wᵀ
    func product(
        _ x: MatrixView, into y: MatrixView, _ accumulation: MatrixMultiply.Accumulation = .replacing, workers: WorkerPool
    ) {
        let operand = operand(x, workers: workers)
        workers.forEach(tiles.count) { multiply(tile: $0, operand, into: y, accumulation) }
    }

    /// What the tiles multiply by, rounded once where they want it rounded.
    func operand(_ x: MatrixView, workers: WorkerPool) -> LinearOperand {
        LinearOperand(x, for: activations, workers: workers)
    }

    /// One tile's columns of the product.
    func multiply(tile index: Int, _ operand: LinearOperand, into y: MatrixView, _ accumulation: MatrixMultiply.Accumulation) {
        let tile = tiles[index]
        switch tile.source {
        case .panels(let offset): multiply(panels.base + offset, tile.columns, operand.values, into: y, accumulation, precision)
        case .packed(let matrix, let firstRow):
            matrix.multiply(
                rows: firstRow..<firstRow + tile.columns.count, operand,
                into: y.columns(from: tile.columns.lowerBound, count: tile.columns.count), accumulation)
        }
    }

    private func multiply(
        _ panels: UnsafePointer<Float>, _ columns: Range<Int>, _ x: MatrixView, into y: MatrixView,
        _ accumulation: MatrixMultiply.Accumulation, _ precision: ProductPrecision
    ) {
        let (target, adding) = (y.base + columns.lowerBound, Int32(accumulation == .adding ? 1 : 0))
        switch precision.factors {
        case .float32:
            decant_panels_product(
                x.base, x.stride, panels, target, y.stride, x.rows, columns.count, inputs, adding, decant_vectors())
        case .bfloat16:
            decant_panels_product_bfloat16(
                x.base, x.stride, panels, target, y.stride, x.rows, columns.count, inputs, adding)
        }
    }

    private static func halved(
        _ floats: UnsafePointer<Float>, rows: Int, columns: Int, _ precision: ProductPrecision
    ) -> CodedPanels? {
        precision.factors == .float32 ? CodedPanels(exactly: floats, rows: rows, columns: columns) : nil
    }

    /// About sixteen tiles, for a few threads to share evenly, of whole panels.
    private static func tileWidth(_ outputs: Int) -> Int {
        let panel = Int(decant_panel_columns)
        return min(max(outputs / 16 / panel, 1), 16) * panel
    }

    private static func panelCount(_ outputs: Int, _ words: Int) -> Int {
        let panel = Int(decant_panel_columns)
        return (outputs + panel - 1) / panel * panel * words
    }

    private static func wordsPerOutput(_ inputs: Int, _ precision: ProductPrecision) -> Int {
        switch precision.factors {
        case .float32: inputs
        case .bfloat16: (inputs + 1) / 2
        }
    }
}
