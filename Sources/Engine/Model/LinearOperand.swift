import CKernels

/// The type that a linear module's inputs are rounded to, token by token, before they meet its weights.
enum ActivationType: Hashable, Sendable {
    /// Not rounded.
    case float
    case int8
    case float8
}

/// The input [T, inputs] that several linear modules share: the values, and their rounded forms where a module needs them.
struct LinearOperand {
    let values: MatrixView
    /// Of modules of `ActivationType.int8`.
    let integers: TokenIntegers?
    private let float8: TokenFloats?

    init(_ values: MatrixView, for types: Set<ActivationType>, workers: WorkerPool) {
        self.values = values
        integers = types.contains(.int8) ? TokenIntegers(rounding: values, workers: workers) : nil
        float8 = types.contains(.float8) ? TokenFloats(rounding: values, workers: workers) : nil
    }

    /// The floats that a module of this type multiplies.
    func values(for type: ActivationType) -> MatrixView {
        guard type == .float8, let float8 else { return values }
        return MatrixView(float8.base, values.rows, values.columns)
    }

    /// Rows that a worker rounds at a time.
    static let rowBlock = 8
}

/// Activations rounded to E4M3 token by token: the nearest such numbers times max|x| / 448.
final class TokenFloats {
    /// [T, inputs]
    let base: UnsafeMutablePointer<Float>

    init(rounding x: MatrixView, workers: WorkerPool) {
        base = .allocate(capacity: max(1, x.rows * x.columns))
        let table = Float8.table
        workers.forEachRange(x.rows, size: LinearOperand.rowBlock) { rows in
            for row in rows {
                let (source, target) = (x.base + row * x.stride, base + row * x.columns)
                let quotient = decant_largest_magnitude(source, x.columns) / Float8.largest
                let scale = quotient.isNormal ? quotient : 1
                for column in 0..<x.columns { target[column] = table[Int(Float8.code(of: source[column] / scale))] * scale }
            }
        }
    }

    deinit { base.deallocate() }
}

/// Activations rounded to INT8 token by token: x ≈ code · scale, scale = max|x| / 127, codes from −127 to 127.
final class TokenIntegers {
    /// Codes of a token: its inputs, and zeros up to a whole word.
    let stride: Int
    private let codes: UnsafeMutablePointer<Int8>
    private let scales: UnsafeMutablePointer<Float>

    init(rounding x: MatrixView, workers: WorkerPool) {
        stride = (x.columns + 3) / 4 * 4
        codes = .allocate(capacity: max(1, x.rows * stride))
        scales = .allocate(capacity: max(1, x.rows))
        workers.forEachRange(x.rows, size: LinearOperand.rowBlock) { rows in
            decant_int8_round(
                x.base + rows.lowerBound * x.stride, x.stride, rows.count, x.columns, codes + rows.lowerBound * stride, stride,
                scales + rows.lowerBound)
        }
    }

    deinit {
        codes.deallocate()
        scales.deallocate()
    }

    /// The codes [T, stride], and a scale for each token.
    func withPointers(_ body: (UnsafePointer<Int8>, UnsafePointer<Float>) -> Void) {
        withExtendedLifetime(self) { body(codes, scales) }
    }
}
