import CKernels

/// Matrix products whose output is divided among workers.
///
/// An element of the result depends only on its row of one operand and its column of the other: not on the rest of the call,
/// and not on the width of the processor's vectors. So the division may follow the number of threads. (Where OpenBLAS multiplies,
/// neither holds, and the division is the same for any number.)
enum MatrixMultiply {
    enum Accumulation {
        case replacing
        case adding
    }

    /// c[m, n] (+)= a[m, k]·b[k, n]
    static func product(
        _ a: MatrixView, _ b: MatrixView, into c: MatrixView, _ accumulation: Accumulation = .replacing,
        on workers: WorkerPool = .caller, in precision: ProductPrecision = .float32
    ) {
        multiply(Operand(a), Operand(b), c, depth: a.columns, accumulation, workers, precision)
    }

    /// c[m, n] (+)= a[m, k]·b[n, k]ᵀ
    static func product(
        _ a: MatrixView, transposed b: MatrixView, into c: MatrixView, _ accumulation: Accumulation = .replacing,
        on workers: WorkerPool = .caller, in precision: ProductPrecision = .float32
    ) {
        multiply(Operand(a), Operand(transposed: b), c, depth: a.columns, accumulation, workers, precision)
    }

    /// c[m, n] (+)= a[k, m]ᵀ·b[k, n]
    static func product(
        transposed a: MatrixView, _ b: MatrixView, into c: MatrixView, _ accumulation: Accumulation = .replacing,
        on workers: WorkerPool = .caller, in precision: ProductPrecision = .float32
    ) {
        multiply(Operand(transposed: a), Operand(b), c, depth: a.rows, accumulation, workers, precision)
    }

    private struct Operand {
        let base: UnsafeMutablePointer<Float>
        let stride: Int
        let isTransposed: Bool

        init(_ matrix: MatrixView) { (base, stride, isTransposed) = (matrix.base, matrix.stride, false) }

        init(transposed matrix: MatrixView) { (base, stride, isTransposed) = (matrix.base, matrix.stride, true) }

        func from(row: Int) -> decant_matmul_operand { at(base + row * (isTransposed ? 1 : stride)) }

        func from(column: Int) -> decant_matmul_operand { at(base + column * (isTransposed ? stride : 1)) }

        private func at(_ base: UnsafeMutablePointer<Float>) -> decant_matmul_operand {
            decant_matmul_operand(base: base, stride: stride, transposed: isTransposed ? 1 : 0)
        }
    }

    private static func multiply(
        _ a: Operand, _ b: Operand, _ c: MatrixView, depth: Int, _ accumulation: Accumulation, _ workers: WorkerPool,
        _ precision: ProductPrecision
    ) {
        let (kernel, prefersRows) =
            switch precision.kernels {
            case .float32: (decant_matmul, a.isTransposed)
            // Every tile rounds the operand that is not divided: it should be the smaller one.
            case .bfloat16: (decant_matmul_bfloat16, c.rows > c.columns)
            case .amx: (decant_matmul_amx, c.rows > c.columns)
            case .openBLAS: (decant_matmul_openblas, a.isTransposed)
            }
        let tiles = MatrixTiles(
            rows: c.rows, columns: c.columns, depth: depth, threads: workers.threads, prefersRows: prefersRows,
            kernels: precision.kernels)
        workers.forEach(tiles.count) { index in
            let (rows, columns) = tiles[index]
            kernel(
                a.from(row: rows.lowerBound), b.from(column: columns.lowerBound),
                c.base + rows.lowerBound * c.stride + columns.lowerBound, c.stride, rows.count, columns.count, depth,
                accumulation == .adding ? 1 : 0)
        }
    }
}

/// The output of a matrix product, divided into tiles of about equal size.
///
/// Columns are divided first, because each tile packs the columns of the second operand that it needs. Where the first
/// operand is transposed, rows are divided first, because then its rows are costly to gather.
struct MatrixTiles {
    /// What a kernel takes at once: tiles start at multiples of it.
    private static let (kernelRows, kernelColumns) = (12, 32)
    /// Tiles for each thread, so that others take over the work of a thread that is delayed; and the multiply-adds below which a
    /// tile is not worth giving to another thread.
    private struct Grain {
        var tilesPerThread = 3
        var leastWork = 1 << 19
        /// Of OpenBLAS, whose elements may depend on the shape of their tile: the division is that of one number of threads.
        var fixedThreads: Int?

        init(_ kernels: ProductPrecision.Kernels) {
            switch kernels {
            case .float32, .bfloat16: break
            // Several times as fast; what a tile costs is then mostly to round the operand that is not divided.
            case .amx: (tilesPerThread, leastWork) = (1, 1 << 22)
            case .openBLAS: fixedThreads = 4
            }
        }
    }

    private let rows: Int
    private let columns: Int
    private let rowParts: Int
    private let columnParts: Int

    init(
        rows: Int, columns: Int, depth: Int, threads: Int, prefersRows: Bool, kernels: ProductPrecision.Kernels = .float32
    ) {
        (self.rows, self.columns) = (rows, columns)
        let grain = Grain(kernels)
        let threads = grain.fixedThreads ?? threads
        let wanted = threads == 1 ? 1 : min(threads * grain.tilesPerThread, rows * columns * depth / grain.leastWork)
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

/// A row-major matrix in memory that another object owns; rows start `stride` floats apart.
struct MatrixView {
    let base: UnsafeMutablePointer<Float>
    let rows: Int
    let columns: Int
    let stride: Int

    init(_ base: UnsafeMutablePointer<Float>, _ rows: Int, _ columns: Int) {
        self.init(base, rows, columns, stride: columns)
    }

    init(_ base: UnsafeMutablePointer<Float>, _ rows: Int, _ columns: Int, stride: Int) {
        (self.base, self.rows, self.columns, self.stride) = (base, rows, columns, stride)
    }

    /// `count` columns from `start` on.
    func columns(from start: Int, count: Int) -> MatrixView { MatrixView(base + start, rows, count, stride: stride) }
}
