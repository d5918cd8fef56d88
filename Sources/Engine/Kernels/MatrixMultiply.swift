import COpenBLAS

/// Single-threaded matrix products: the one place that calls OpenBLAS.
///
/// With one thread and a fixed core type (the launcher of stages sets `OPENBLAS_CORETYPE`), a result is a function of
/// the operands and the shapes of the call. Callers choose shapes that do not depend on the number of workers.
enum MatrixMultiply {
    enum Accumulation: Float {
        case replacing = 0
        case adding = 1
    }

    private static let isSingleThreaded: Bool = {
        openblas_set_num_threads(1)
        return true
    }()

    /// c[m, n] (+)= a[m, k]·b[k, n]
    static func product(_ a: MatrixView, _ b: MatrixView, into c: MatrixView, _ accumulation: Accumulation = .replacing) {
        multiply(CblasNoTrans, a, CblasNoTrans, b, c, inner: a.columns, accumulation)
    }

    /// c[m, n] (+)= a[m, k]·b[n, k]ᵀ
    static func product(
        _ a: MatrixView, transposed b: MatrixView, into c: MatrixView, _ accumulation: Accumulation = .replacing
    ) {
        multiply(CblasNoTrans, a, CblasTrans, b, c, inner: a.columns, accumulation)
    }

    /// c[m, n] (+)= a[k, m]ᵀ·b[k, n]
    static func product(
        transposed a: MatrixView, _ b: MatrixView, into c: MatrixView, _ accumulation: Accumulation = .replacing
    ) {
        multiply(CblasTrans, a, CblasNoTrans, b, c, inner: a.rows, accumulation)
    }

    private static func multiply(
        _ aOrder: CBLAS_TRANSPOSE, _ a: MatrixView, _ bOrder: CBLAS_TRANSPOSE, _ b: MatrixView, _ c: MatrixView, inner: Int,
        _ accumulation: Accumulation
    ) {
        guard isSingleThreaded, c.rows > 0, c.columns > 0 else { return }
        cblas_sgemm(
            CblasRowMajor, aOrder, bOrder, Int32(c.rows), Int32(c.columns), Int32(inner), 1, a.base, Int32(a.stride), b.base,
            Int32(b.stride), accumulation.rawValue, c.base, Int32(c.stride))
    }
}
