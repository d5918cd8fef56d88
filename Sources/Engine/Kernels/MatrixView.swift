/// A row-major matrix in memory that someone else owns; `stride` floats lie between two rows.
struct MatrixView {
    let base: UnsafeMutablePointer<Float>
    let rows: Int
    let columns: Int
    let stride: Int

    init(_ base: UnsafeMutablePointer<Float>, _ rows: Int, _ columns: Int) {
        self.init(base, rows, columns, stride: columns)
    }

    init(_ base: UnsafeMutablePointer<Float>, _ rows: Int, _ columns: Int, stride: Int) {
        self.base = base
        self.rows = rows
        self.columns = columns
        self.stride = stride
    }

    /// The columns from `start` on, `count` of them.
    func columns(from start: Int, count: Int) -> MatrixView { MatrixView(base + start, rows, count, stride: stride) }
}
