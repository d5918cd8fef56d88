import CKernels

/// Single-threaded matrix products.
///
/// An element of a result depends on its row of the one operand and its column of the other alone: not on the number of
/// rows of the call, nor on the width of the processor's vectors.
enum MatrixMultiply {
    enum Accumulation {
        case replacing
        case adding
    }

    /// c[m, n] (+)= a[m, k]·b[k, n]
    static func product(_ a: MatrixView, _ b: MatrixView, into c: MatrixView, _ accumulation: Accumulation = .replacing) {
        multiply(operand(a), operand(b), c, depth: a.columns, accumulation)
    }

    /// c[m, n] (+)= a[m, k]·b[n, k]ᵀ
    static func product(
        _ a: MatrixView, transposed b: MatrixView, into c: MatrixView, _ accumulation: Accumulation = .replacing
    ) {
        multiply(operand(a), operand(transposed: b), c, depth: a.columns, accumulation)
    }

    /// c[m, n] (+)= a[k, m]ᵀ·b[k, n]
    static func product(
        transposed a: MatrixView, _ b: MatrixView, into c: MatrixView, _ accumulation: Accumulation = .replacing
    ) {
        multiply(operand(transposed: a), operand(b), c, depth: a.rows, accumulation)
    }

    private static func operand(_ matrix: MatrixView) -> decant_matmul_operand {
        decant_matmul_operand(base: matrix.base, stride: matrix.stride, transposed: 0)
    }

    private static func operand(transposed matrix: MatrixView) -> decant_matmul_operand {
        decant_matmul_operand(base: matrix.base, stride: matrix.stride, transposed: 1)
    }

    private static func multiply(
        _ a: decant_matmul_operand, _ b: decant_matmul_operand, _ c: MatrixView, depth: Int, _ accumulation: Accumulation
    ) {
        withUnsafeTemporaryAllocation(of: Float.self, capacity: decant_matmul_scratch(c.columns, depth)) { scratch in
            decant_matmul(
                a, b, c.base, c.stride, c.rows, c.columns, depth, accumulation == .adding ? 1 : 0, decant_matmul_widest,
                scratch.baseAddress)
        }
    }
}
