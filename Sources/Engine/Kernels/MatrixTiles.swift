/// The output of a matrix product, cut into about equal tiles for a number of threads.
///
/// Columns are cut first, because each tile packs the columns of the second operand that it needs; rows first where the
/// first operand is transposed, because then its rows are what is costly to bring together.
struct MatrixTiles {
    /// What a kernel takes in one go: cuts lie at multiples of it.
    private static let (kernelRows, kernelColumns) = (12, 32)
    /// Tiles for every thread, so that one that is held up leaves work to the others.
    private static let tilesPerThread = 3
    /// Multiply-adds below which a tile is not worth handing over.
    private static let leastWork = 1 << 19

    private let rows: Int
    private let columns: Int
    private let rowParts: Int
    private let columnParts: Int

    init(rows: Int, columns: Int, depth: Int, threads: Int, prefersRows: Bool) {
        self.rows = rows
        self.columns = columns
        let wanted =
            threads == 1 ? 1 : min(threads * MatrixTiles.tilesPerThread, rows * columns * depth / MatrixTiles.leastWork)
        let rowBlocks = (rows + MatrixTiles.kernelRows - 1) / MatrixTiles.kernelRows
        let columnBlocks = (columns + MatrixTiles.kernelColumns - 1) / MatrixTiles.kernelColumns
        func parts(_ blocks: Int, of wanted: Int) -> Int { max(1, min(blocks, wanted)) }
        if prefersRows {
            rowParts = parts(rowBlocks, of: wanted)
            columnParts = parts(columnBlocks, of: wanted / rowParts)
        } else {
            columnParts = parts(columnBlocks, of: wanted)
            rowParts = parts(rowBlocks, of: (wanted + columnParts - 1) / columnParts)
        }
    }

    var count: Int { rowParts * columnParts }

    subscript(index: Int) -> (rows: Range<Int>, columns: Range<Int>) {
        let (row, column) = (index / columnParts, index % columnParts)
        return (
            MatrixTiles.part(row, of: rowParts, rows, block: MatrixTiles.kernelRows),
            MatrixTiles.part(column, of: columnParts, columns, block: MatrixTiles.kernelColumns)
        )
    }

    private static func part(_ index: Int, of parts: Int, _ count: Int, block: Int) -> Range<Int> {
        let blocks = (count + block - 1) / block
        return min(count, blocks * index / parts * block)..<min(count, blocks * (index + 1) / parts * block)
    }
}
