import CKernels
import Testing
import Words

@testable import Engine

/// What the native profile computes where the processor multiplies bfloat16, in vectors or in tiles.
@Suite(
    .enabled(if: Processor.runs(.avx512BFloat16), "this processor has no products of bfloat16"),
    .serialized)
struct BFloat16Tests {
    private static let families = [ProcessorFamily.avx512BFloat16, .amxBFloat16].filter { Processor.runs($0) }

    enum Operands: CaseIterable {
        case plain, transposedRight, transposedLeft
    }

    /// rows, columns, depth
    private static let shapes = [
        (1, 1, 1), (3, 5, 7), (12, 32, 8), (13, 33, 9), (31, 47, 400), (5, 530, 20), (25, 64, 801), (60, 40, 385), (1, 70, 769),
    ]

    /// 1 + a·b, on operands of which some are subnormal.
    private func multiply(
        _ shape: (Int, Int, Int), _ operands: Operands, _ family: ProcessorFamily, workers: WorkerPool = .caller
    ) -> (a: [Float], b: [Float], c: [Float]) {
        let (rows, columns, depth) = shape
        var (left, right) = (randomFloats(rows * depth, seed: 1), randomFloats(depth * columns, seed: 2))
        for index in stride(from: 0, to: left.count, by: 5) { left[index] = 0x1p-130 }
        for index in stride(from: 2, to: right.count, by: 7) { right[index] *= 1e-20 }
        let (a, b) = (FloatBuffer(left), FloatBuffer(right))
        let c = FloatBuffer([Float](repeating: 1, count: rows * columns))
        let target = MatrixView(c.base, rows, columns)
        let products = ProductPrecision(family)
        withExtendedLifetime((a, b)) {
            switch operands {
            case .plain:
                MatrixMultiply.product(
                    MatrixView(a.base, rows, depth), MatrixView(b.base, depth, columns), into: target, .adding, on: workers,
                    in: products)
            case .transposedRight:
                MatrixMultiply.product(
                    MatrixView(a.base, rows, depth), transposed: MatrixView(b.base, columns, depth), into: target, .adding,
                    on: workers, in: products)
            case .transposedLeft:
                MatrixMultiply.product(
                    transposed: MatrixView(a.base, depth, rows), MatrixView(b.base, depth, columns), into: target, .adding,
                    on: workers, in: products)
            }
        }
        return (left, right, c.values)
    }

    /// The factors of the element's sum, in order.
    private func factors(
        _ row: Int, _ column: Int, _ a: [Float], _ b: [Float], _ shape: (Int, Int, Int), _ operands: Operands
    ) -> [(Float, Float)] {
        (0..<shape.2).map { i in
            (
                a[operands == .transposedLeft ? i * shape.0 + row : row * shape.2 + i],
                b[operands == .transposedRight ? column * shape.2 + i : i * shape.1 + column]
            )
        }
    }

    /// Each factor is off by 2⁻⁸ of itself at most, so a product by little more than 2⁻⁷; sums by 2⁻²⁴ a step.
    @Test(arguments: shapes, Operands.allCases)
    func productsAreNearFloat64(shape: (Int, Int, Int), operands: Operands) {
        for family in Self.families {
            let (a, b, c) = multiply(shape, operands, family)
            for row in 0..<shape.0 {
                for column in 0..<shape.1 {
                    let products = factors(row, column, a, b, shape, operands).map { Double($0) * Double($1) }
                    let size = products.reduce(1) { $0 + abs($1) }
                    let bound = (0x1.01p-7 + Double(shape.2) * 0x1p-24) * size
                    #expect(abs(Double(c[row * shape.1 + column]) - products.reduce(1, +)) <= bound)
                }
            }
        }
    }

    /// So the name of a family need not say whose processor it is: the instructions are defined to the bit.
    @Test(arguments: shapes, Operands.allCases)
    func bitsFollowTheInstruction(shape: (Int, Int, Int), operands: Operands) {
        for family in Self.families {
            let (a, b, c) = multiply(shape, operands, family)
            for row in 0..<shape.0 {
                for column in 0..<shape.1 {
                    let factors = factors(row, column, a, b, shape, operands).map { (rounded($0), rounded($1)) }
                    let expected = family == .amxBFloat16 ? tiled(factors) : inVectors(factors)
                    #expect(c[row * shape.1 + column].bitPattern == expected.bitPattern)
                }
            }
        }
    }

    /// 1 + Σ by `vdpbf16ps`: two fused multiply-adds, that of the upper half first, rounded to nearest, with subnormal numbers as
    /// zeros. Sums are cut at depth 384.
    private func inVectors(_ factors: [(Float, Float)]) -> Float {
        var total: Float = 1
        for start in stride(from: 0, to: factors.count, by: 384) {
            var sum: Float = 0
            for first in stride(from: start, to: min(start + 384, factors.count), by: 2) {
                if first + 1 < factors.count {
                    sum = flushed(sum.addingProduct(factors[first + 1].0, factors[first + 1].1))
                }
                sum = flushed(sum.addingProduct(factors[first].0, factors[first].1))
            }
            total += sum
        }
        return total
    }

    /// 1 + Σ by `tdpbf16ps`, 32 factors a step: the sum of those at even places plus that of the others, each of fused
    /// multiply-adds, rounded to nearest, with subnormal numbers as zeros.
    private func tiled(_ factors: [(Float, Float)]) -> Float {
        var total: Float = 1
        for start in stride(from: 0, to: factors.count, by: 32) {
            var sums: [Float] = [0, 0]
            for place in start..<min(start + 32, factors.count) {
                sums[place % 2] = flushed(sums[place % 2].addingProduct(factors[place].0, factors[place].1))
            }
            total = flushed(total + flushed(sums[0] + sums[1]))
        }
        return total
    }

    /// Weights that bfloat16 holds exactly are multiplied by the instruction all the same, which rounds the other factor too.
    @Test func theRequestedPrecisionDecides() {
        let weights = randomFloats(48 * 24, seed: 6).map(rounded)
        for precision in [ProductPrecision.float32] + Self.families.map({ ProductPrecision($0) }) {
            let panels = PanelMatrix([(48, nil)], inputs: 24, floats: weights, workers: .caller, precision: precision)
            #expect((panels.floatBytes > 0) == (precision != .float32))
        }
    }

    private func rounded(_ x: Float) -> Float {
        let bits = flushed(x).bitPattern
        return Float(bitPattern: (bits + 0x7FFF + (bits >> 16 & 1)) & 0xFFFF_0000)
    }

    private func flushed(_ x: Float) -> Float { x.isSubnormal ? Float(sign: x.sign, exponent: 0, significand: 0) : x }

    @Test(arguments: shapes + [(200, 300, 400), (1000, 40, 200)], [2, 3, 7])
    func theSplitAmongWorkersChangesNoBit(shape: (Int, Int, Int), threads: Int) {
        let workers = WorkerPool(threads: threads)
        for (family, operands) in Self.families.flatMap({ family in Operands.allCases.map { (family, $0) } }) {
            #expect(multiply(shape, operands, family, workers: workers).c == multiply(shape, operands, family).c)
        }
    }

    @Test(arguments: [1, 2, 3, 7, 12, 13, 50])
    func packedPanelsGiveTheBitsOfAMatrixProduct(rows: Int) {
        for (outputs, inputs) in [(1, 1), (37, 24), (64, 400), (200, 801), (129, 385)] {
            let x = FloatBuffer(randomFloats(rows * inputs, seed: 1))
            let w = FloatBuffer(randomFloats(outputs * inputs, seed: 2))
            for products in Self.families.map({ ProductPrecision($0) }) {
                let (found, expected) = (FloatBuffer(count: rows * outputs), FloatBuffer(count: rows * outputs))
                let panels = PanelMatrix(
                    [(outputs, nil)], inputs: inputs, floats: w.base, workers: .caller, precision: products)
                let left = MatrixView(x.base, rows, inputs)
                panels.product(left, into: MatrixView(found.base, rows, outputs), workers: WorkerPool(threads: 2))
                MatrixMultiply.product(
                    left, transposed: MatrixView(w.base, outputs, inputs), into: MatrixView(expected.base, rows, outputs),
                    in: products)
                #expect(found.values == expected.values)
                #expect(found.values.contains { $0 != 0 })
            }
        }
    }

    private func train(
        _ optimizer: TrainingOptions.Optimizer, _ products: ProductPrecision, threads: Int
    ) throws -> (weights: [UInt32], losses: [Double]) {
        let options = TrainingOptions(
            steps: 60, batch: 16, learningRate: 1e-2, optimizer: optimizer, warmup: 0.1, products: products, seed: 11)
        let trainer = try Trainer(
            Model(initializing: Fixture.configuration(), seed: 1), on: Fixture.examples(40), options: options,
            workers: WorkerPool(threads: threads))
        var losses: [Double] = []
        let model = trainer.run { losses.append($0.loss) }
        return (model.values.map(\.bitPattern), losses)
    }

    @Test(
        arguments: [TrainingOptions.Optimizer.adamW, .muon])
    func trainingEndsNearFloat32WithEqualBytesAtAnyThreadCount(optimizer: TrainingOptions.Optimizer) throws {
        let plain = try train(optimizer, .float32, threads: 2)
        let (start, end) = (plain.losses[0], try #require(plain.losses.last))
        #expect(end < 0.7 * start)
        for products in Self.families.map({ ProductPrecision($0) }) {
            let alone = try train(optimizer, products, threads: 1)
            #expect(alone.weights != plain.weights)
            #expect(abs(try #require(alone.losses.last) - end) < 0.05 * (start - end))
            for threads in [2, 3] {
                let together = try train(optimizer, products, threads: threads)
                #expect(together.weights == alone.weights)
                #expect(together.losses == alone.losses)
            }
        }
    }

    @Test func aModelPredictsNearlyTheSameAloneAndInABatch() throws {
        let tokens = (0..<64).map { Int32($0 * $0 % 37) }
        let windows = try PerplexityWindows(count: tokens.count, context: 32, stride: 16)
        let plain = try InferenceModel(try Fixture.model()).perplexity(of: tokens, in: windows, workers: .caller)
        for family in Self.families {
            var model = InferenceModel(try Fixture.model())
            model.products = ProductPrecision(family)
            let native = try model.perplexity(of: tokens, in: windows, workers: .caller)
            #expect(native != plain)
            #expect(abs(native.loss - plain.loss) < 0.02 * plain.loss)
            let prompts = (1..<6).map { Array(tokens.prefix($0 * 4)) }
            let options = GenerationOptions(maximumTokens: 12)
            let answers = try model.generate(prompts, options: options, workers: .caller)
            #expect(try model.generate(prompts, options: options, workers: WorkerPool(threads: 2)) == answers)
            // Nor does an answer depend on the prompts beside its own.
            #expect(try model.generate([prompts[2]], options: options, workers: .caller) == [answers[2]])
        }
    }
}
