import Testing

@testable import Engine

struct MatrixMultiplyTests {
    /// rows, columns, depth
    private static let shapes = [(1, 1, 1), (3, 5, 7), (12, 32, 8), (13, 33, 9), (31, 47, 400), (5, 530, 20), (25, 64, 800)]

    private func multiply(
        _ shape: (Int, Int, Int), transposedA: Bool, transposedB: Bool, adding: Bool = false, workers: WorkerPool = .caller
    ) -> [Float] {
        let (rows, columns, depth) = shape
        let (a, b) = (FloatBuffer(randomFloats(rows * depth, seed: 1)), FloatBuffer(randomFloats(depth * columns, seed: 2)))
        let c = FloatBuffer([Float](repeating: 1, count: rows * columns))
        let target = MatrixView(c.base, rows, columns)
        let left = transposedA ? MatrixView(a.base, depth, rows) : MatrixView(a.base, rows, depth)
        let right = transposedB ? MatrixView(b.base, columns, depth) : MatrixView(b.base, depth, columns)
        return withExtendedLifetime((a, b, c)) {
            switch (transposedA, transposedB) {
            case (false, false): MatrixMultiply.product(left, right, into: target, adding ? .adding : .replacing, on: workers)
            case (false, true):
                MatrixMultiply.product(left, transposed: right, into: target, adding ? .adding : .replacing, on: workers)
            case (true, _):
                MatrixMultiply.product(transposed: left, right, into: target, adding ? .adding : .replacing, on: workers)
            }
            return c.values
        }
    }

    @Test(arguments: shapes)
    func productsEqualTheTextbookSumWithEitherOperandTransposed(shape: (Int, Int, Int)) {
        let (rows, columns, depth) = shape
        let (a, b) = (randomFloats(rows * depth, seed: 1), randomFloats(depth * columns, seed: 2))
        for transposedA in [false, true] {
            for transposedB in [false, true] where !(transposedA && transposedB) {
                let found = multiply(shape, transposedA: transposedA, transposedB: transposedB)
                let sum = multiply(shape, transposedA: transposedA, transposedB: transposedB, adding: true)
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

    @Test(arguments: shapes + [(200, 300, 400), (1000, 40, 200)], [2, 3, 7])
    func theSplitAmongWorkersChangesNoBit(shape: (Int, Int, Int), threads: Int) {
        let workers = WorkerPool(threads: threads)
        for (transposedA, transposedB) in [(false, false), (false, true), (true, false)] {
            let alone = multiply(shape, transposedA: transposedA, transposedB: transposedB)
            let together = multiply(shape, transposedA: transposedA, transposedB: transposedB, workers: workers)
            #expect(together.map(\.bitPattern) == alone.map(\.bitPattern))
        }
    }

    @Test(arguments: [1, 2, 3, 8, 64], [true, false])
    func tilesCoverTheOutputOnceInAboutEqualParts(threads: Int, prefersRows: Bool) {
        for (rows, columns) in [(1, 1), (5, 49_152), (1024, 576), (3072, 40), (1000, 1000)] {
            let tiles = MatrixTiles(rows: rows, columns: columns, depth: 4096, threads: threads, prefersRows: prefersRows)
            let parts = (0..<tiles.count).map { tiles[$0] }
            #expect(parts.reduce(0) { $0 + $1.rows.count * $1.columns.count } == rows * columns)
            #expect(parts.allSatisfy { !$0.rows.isEmpty && !$0.columns.isEmpty })
            #expect(Set(parts.map { [$0.rows.lowerBound, $0.columns.lowerBound] }).count == tiles.count)
            #expect(threads == 1 ? tiles.count == 1 : rows * columns < 40_000 || tiles.count >= threads)
        }
    }

    @Test func aRowDoesNotDependOnOtherRowsOfTheCall() {
        let many = multiply((25, 64, 800), transposedA: false, transposedB: true)
        let few = multiply((2, 64, 800), transposedA: false, transposedB: true)
        #expect(many.prefix(128).map(\.bitPattern) == few.map(\.bitPattern))
    }
}
