import CKernels
import Testing

@testable import Engine

@Suite("Matrix products")
struct MatrixMultiplyTests {
    /// rows, columns, depth
    private static let shapes = [(1, 1, 1), (3, 5, 7), (12, 32, 8), (13, 33, 9), (31, 47, 400), (5, 530, 20), (25, 64, 800)]

    private func multiply(
        _ shape: (Int, Int, Int), transposedA: Bool, transposedB: Bool, width: decant_matmul_width, adding: Bool = false
    ) -> [Float] {
        let (rows, columns, depth) = shape
        let (a, b) = (randomFloats(rows * depth, seed: 1), randomFloats(depth * columns, seed: 2))
        var c = [Float](repeating: 1, count: rows * columns)
        var scratch = [Float](repeating: .nan, count: decant_matmul_scratch(columns, depth))
        a.withUnsafeBufferPointer { a in
            b.withUnsafeBufferPointer { b in
                decant_matmul(
                    decant_matmul_operand(
                        base: a.baseAddress, stride: transposedA ? rows : depth, transposed: transposedA ? 1 : 0),
                    decant_matmul_operand(
                        base: b.baseAddress, stride: transposedB ? depth : columns, transposed: transposedB ? 1 : 0),
                    &c, columns, rows, columns, depth, adding ? 1 : 0, width, &scratch)
            }
        }
        return c
    }

    @Test("The textbook sum, with either operand transposed", arguments: shapes)
    func values(shape: (Int, Int, Int)) {
        let (rows, columns, depth) = shape
        let (a, b) = (randomFloats(rows * depth, seed: 1), randomFloats(depth * columns, seed: 2))
        for transposedA in [false, true] {
            for transposedB in [false, true] {
                let found = multiply(shape, transposedA: transposedA, transposedB: transposedB, width: decant_matmul_widest)
                let sum = multiply(
                    shape, transposedA: transposedA, transposedB: transposedB, width: decant_matmul_widest, adding: true)
                for r in 0..<rows {
                    for c in 0..<columns {
                        let expected = (0..<depth).reduce(0.0) { sum, i in
                            let left = a[transposedA ? i * rows + r : r * depth + i]
                            let right = b[transposedB ? c * depth + i : i * columns + c]
                            return sum + Double(left) * Double(right)
                        }
                        #expect(abs(Double(found[r * columns + c]) - expected) < 1e-4)
                        #expect(abs(Double(sum[r * columns + c]) - expected - 1) < 1e-4)
                    }
                }
            }
        }
    }

    @Test("The widest vectors and AVX2 give equal bits", arguments: shapes)
    func widths(shape: (Int, Int, Int)) {
        for transposed in [false, true] {
            let wide = multiply(shape, transposedA: transposed, transposedB: !transposed, width: decant_matmul_widest)
            let narrow = multiply(shape, transposedA: transposed, transposedB: !transposed, width: decant_matmul_avx2)
            #expect(wide.map(\.bitPattern) == narrow.map(\.bitPattern))
        }
    }

    @Test("A row's result does not depend on the other rows of the call")
    func rowIndependence() {
        let many = multiply((25, 64, 800), transposedA: false, transposedB: true, width: decant_matmul_widest)
        let few = multiply((2, 64, 800), transposedA: false, transposedB: true, width: decant_matmul_widest)
        #expect(many.prefix(128).map(\.bitPattern) == few.map(\.bitPattern))
    }
}
