import CKernels

/// The type that a linear module's inputs are rounded to, token by token, before they meet its weights.
enum ActivationType: Hashable, Sendable {
    /// Not rounded.
    case float
    case int8
    case float8
}

/// What linear modules read together, [T, inputs]: the values, and their rounded forms where some of the modules want those.
struct LinearOperand {
    let values: MatrixView
    /// Of modules of `ActivationType.int8`.
    let integers: TokenIntegers?
    private let float8: FloatBuffer?

    init(_ values: MatrixView, for types: Set<ActivationType>, workers: WorkerPool) {
        self.values = values
        integers = types.contains(.int8) ? TokenIntegers(rounding: values, workers: workers) : nil
        float8 = types.contains(.float8) ? Self.roundedToFloat8(values, workers: workers) : nil
    }

    /// What floats a module of this type multiplies.
    func values(for type: ActivationType) -> MatrixView {
        guard type == .float8, let float8 else { return values }
        return MatrixView(float8.base, values.rows, values.columns)
    }

    /// Rows that a worker rounds at a time.
    static let rowBlock = 8

    /// Each token's values become the nearest E4M3 numbers times max|x| / 448.
    private static func roundedToFloat8(_ x: MatrixView, workers: WorkerPool) -> FloatBuffer {
        let rounded = FloatBuffer(count: x.rows * x.columns)
        let table = Float8.table
        workers.forEachRange(x.rows, size: rowBlock) { rows in
            for row in rows {
                let (source, target) = (x.base + row * x.stride, rounded.base + row * x.columns)
                let quotient = decant_largest_magnitude(source, x.columns) / Float8.largest
                let scale = quotient.isNormal ? quotient : 1
                for column in 0..<x.columns { target[column] = table[Int(Float8.code(of: source[column] / scale))] * scale }
            }
        }
        return rounded
    }
}

/// Activations rounded to INT8 token by token: x ≈ code · scale, scale = max|x| / 127, codes from −127 to 127.
final class TokenIntegers {
    private let codes: UnsafeMutablePointer<Int8>
    private let scales: FloatBuffer

    init(rounding x: MatrixView, workers: WorkerPool) {
        codes = .allocate(capacity: max(1, x.rows * x.columns))
        scales = FloatBuffer(count: x.rows)
        workers.forEachRange(x.rows, size: LinearOperand.rowBlock) { rows in
            decant_int8_round(
                x.base + rows.lowerBound * x.stride, x.stride, rows.count, x.columns, codes + rows.lowerBound * x.columns,
                scales.base + rows.lowerBound)
        }
    }

    deinit { codes.deallocate() }

    /// The codes [T, inputs], and a scale for each token.
    func withPointers(_ body: (UnsafePointer<Int8>, UnsafePointer<Float>) -> Void) {
        withExtendedLifetime(self) { body(codes, scales.base) }
    }
}
