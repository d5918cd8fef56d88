import CKernels

/// The weights of a linear layer, packed once for all products: a product with few rows costs one pass over the memory.
///
/// y = x·Wᵀ is divided into tiles of outputs. A tile's result depends neither on the other tiles nor on the number of rows.
final class PanelMatrix {
    private enum Source {
        /// Floats in `panels` from this offset on.
        case panels(Int)
        /// Rows of a packed matrix from this row on, which starts a panel.
        case packed(any WeightPanels, firstRow: Int)
    }

    private struct Tile {
        var columns: Range<Int>
        var source: Source
    }

    let outputs: Int
    let inputs: Int
    /// Precision of the products with float weights.
    private let precision: ProductPrecision
    private let panels: FloatBuffer
    private let tiles: [Tile]
    /// Every type that the inputs of some tile are rounded to.
    private let activations: Set<ActivationType>

    /// Packs the weights of consecutive matrices [outputs, inputs], which are packed already or floats.
    ///
    /// Floats that bfloat16 holds exactly are kept as bfloat16: half the memory, the same bits.
    init(
        _ parts: [(outputs: Int, packed: (any WeightPanels)?)], inputs: Int, floats: UnsafePointer<Float>, workers: WorkerPool,
        precision: ProductPrecision = .float32
    ) {
        outputs = parts.reduce(0) { $0 + $1.outputs }
        (self.inputs, self.precision) = (inputs, precision)
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
            switch precision.kernels {
            case .float32, .openBLAS: decant_panels_pack(first, inputs, columns.count, inputs, target)
            case .bfloat16: decant_panels_pack_bfloat16(first, inputs, columns.count, inputs, target)
            case .amx: decant_panels_pack_amx(first, inputs, columns.count, inputs, target)
            }
        }
        self.tiles = tiles
        activations = Set(parts.compactMap { $0.packed?.activations })
        self.panels = panels
    }

    var tileCount: Int { tiles.count }

    /// Bytes of the weights that are kept as floats, or as words of the product's precision.
    var floatBytes: Int { 4 * panels.count }

    func columns(ofTile index: Int) -> Range<Int> { tiles[index].columns }

    /// x [rows, inputs] → y [rows, outputs] (+)= x·Wᵀ
    func product(
        _ x: MatrixView, into y: MatrixView, _ accumulation: MatrixMultiply.Accumulation = .replacing, workers: WorkerPool
    ) {
        let operand = operand(x, workers: workers)
        workers.forEach(tiles.count) { multiply(tile: $0, operand, into: y, accumulation) }
    }

    /// The input of the tiles, rounded once for all tiles that need it rounded.
    func operand(_ x: MatrixView, workers: WorkerPool) -> LinearOperand {
        LinearOperand(x, for: activations, workers: workers)
    }

    /// Computes one tile's columns of the product.
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
        switch precision.kernels {
        case .float32, .openBLAS:
            decant_panels_product(
                x.base, x.stride, panels, target, y.stride, x.rows, columns.count, inputs, adding, decant_vectors())
        case .bfloat16:
            decant_panels_product_bfloat16(
                x.base, x.stride, panels, target, y.stride, x.rows, columns.count, inputs, adding)
        case .amx:
            decant_panels_product_amx(x.base, x.stride, panels, target, y.stride, x.rows, columns.count, inputs, adding)
        }
    }

    private static func halved(
        _ floats: UnsafePointer<Float>, rows: Int, columns: Int, _ precision: ProductPrecision
    ) -> CodedPanels? {
        switch precision.kernels {
        case .float32, .openBLAS: CodedPanels(exactly: floats, rows: rows, columns: columns)
        case .bfloat16, .amx: nil
        }
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
        switch precision.kernels {
        case .float32, .openBLAS: inputs
        case .bfloat16: (inputs + 1) / 2
        case .amx: decant_amx_words(inputs)
        }
    }
}
