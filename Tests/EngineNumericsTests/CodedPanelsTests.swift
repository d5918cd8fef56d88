import CKernels
import Testing

@testable import Engine

/// Products that read codes have the bits of products with the floats that the codes stand for.
@Suite struct CodedPanelsTests {
    private struct Case: CustomTestStringConvertible {
        var rows: Int
        var columns: Int
        var groupSize: Int
        var testDescription: String { "\(rows)×\(columns), groups of \(groupSize)" }
    }

    /// Outputs that fill panels and that do not; inputs beyond one cut of a sum; groups that a cut divides, and a word.
    private static let cases = [
        Case(rows: 32, columns: 8, groupSize: 8), Case(rows: 77, columns: 64, groupSize: 32),
        Case(rows: 160, columns: 800, groupSize: 200), Case(rows: 45, columns: 1200, groupSize: 0),
        Case(rows: 70, columns: 20, groupSize: 0),
    ]

    /// x·Wᵀ + y for some numbers of rows, on the widest vectors there are and on the narrowest.
    private func expectEqualProducts(_ panels: any PackedMatrix, _ weights: [Float], _ name: String) {
        let (rows, columns) = (panels.rows, panels.columns)
        #expect(panels.dequantized() == weights, "\(name)")
        let w = FloatBuffer(weights)
        for tokens in [1, 2, 3, 5, 14] {
            let x = FloatBuffer(randomFloats(tokens * columns, seed: 7))
            for accumulation in [MatrixMultiply.Accumulation.replacing, .adding] {
                let (found, expected) = (FloatBuffer(count: tokens * rows), FloatBuffer(count: tokens * rows))
                for buffer in [found, expected] { buffer.replace(with: randomFloats(tokens * rows, seed: 8)) }
                let operand = LinearOperand(MatrixView(x.base, tokens, columns), for: [], workers: WorkerPool(threads: 1))
                let half = rows / 2 / WordPanels.outputs * WordPanels.outputs
                for part in [0..<half, half..<rows] where !part.isEmpty {
                    panels.multiply(
                        rows: part, operand,
                        into: MatrixView(found.base, tokens, rows).columns(from: part.lowerBound, count: part.count), accumulation
                    )
                }
                MatrixMultiply.product(
                    operand.values, transposed: MatrixView(w.base, rows, columns), into: MatrixView(expected.base, tokens, rows),
                    accumulation)
                #expect(found.values == expected.values, "\(name), \(tokens) tokens, \(accumulation)")
            }
        }
    }

    @Test(arguments: cases) private func integers(shape: Case) throws {
        for bits in [4, 8] {
            let weights = randomFloats(shape.rows * shape.columns, seed: UInt64(bits))
            let codes = try IntegerQuantization(bits: bits, groupSize: shape.groupSize)
                .nearest(weights, rows: shape.rows, columns: shape.columns)
            let matrix = QuantizedMatrix(codes, bits: bits)
            expectEqualProducts(matrix.panels(), matrix.dequantized(), "\(bits) bits")
        }
    }

    @Test(arguments: cases) private func numbersOfEightBits(shape: Case) {
        var weights = randomFloats(shape.rows * shape.columns, seed: 3)
        // Subnormal ones too: the largest of a row sets the scale.
        for index in weights.indices where index % 3 == 0 { weights[index] *= 1e-5 }
        let matrix = Float8Matrix(rounding: weights, rows: shape.rows, columns: shape.columns)
        expectEqualProducts(matrix.panels(), matrix.dequantized(), "E4M3")
    }

    @Test func everyCodeOfEightBitsIsItsNumber() {
        let codes = (0...255).map { UInt8($0) }.filter { $0 & 0x7F != Float8.nan }
        let matrix = Float8Matrix(rows: codes.count, columns: 1, codes: codes, scales: codes.map { _ in 1 })
        let found = matrix.panels().dequantized()
        #expect(zip(found, codes).allSatisfy { $0.bitPattern == Float8.float(of: $1).bitPattern })
    }

    @Test(arguments: cases) private func floatsThatAreBFloat16AreHalved(shape: Case) throws {
        var weights = randomFloats(shape.rows * shape.columns, seed: 4).map { Float(bitPattern: $0.bitPattern & 0xFFFF_0000) }
        let panels = try #require(CodedPanels(exactly: weights, rows: shape.rows, columns: shape.columns))
        expectEqualProducts(panels, weights, "bfloat16")
        weights[weights.count - 1] = Float(1).nextUp
        #expect(CodedPanels(exactly: weights, rows: shape.rows, columns: shape.columns) == nil)
    }

    /// A model of such weights generates what it would with its weights as floats, from half the memory.
    @Test func panelsOfFloatsAreNoLongerNeeded() throws {
        var model = try Fixture.model()
        for parameter in model.parameters {
            try model.setWeights(
                model.weights(of: parameter).map { Float(bitPattern: $0.bitPattern & 0xFFFF_0000) }, of: parameter)
        }
        let matrix = try #require(model.parameter(named: "model.layers.0.mlp.up_proj.weight"))
        var (halved, whole) = ([Float](), [Float]())
        for isExact in [true, false] {
            var weights = Array(model.weights(of: matrix))
            // One weight that bfloat16 does not hold, multiplied by zero.
            if !isExact { weights[0] = weights[0].nextUp }
            var x = randomFloats(matrix.shape[1], seed: 5)
            x[0] = 0
            let (input, output) = (FloatBuffer(x), FloatBuffer(count: matrix.shape[0]))
            let panels = PanelMatrix(
                [(matrix.shape[0], nil)], inputs: matrix.shape[1], floats: weights, workers: WorkerPool(threads: 1))
            #expect((panels.floatBytes == 0) == isExact)
            panels.product(
                MatrixView(input.base, 1, matrix.shape[1]), into: MatrixView(output.base, 1, matrix.shape[0]),
                workers: WorkerPool(threads: 1))
            if isExact { halved = output.values } else { whole = output.values }
        }
        #expect(halved == whole)
    }

    @Test func integerProductsDoNotDependOnTheProcessor() throws {
        for (rows, columns, tokens) in [(32, 4, 1), (77, 61, 13), (130, 576, 25)] {
            let words = WordPanels.words(
                randomFloats(rows * columns, seed: 9).map { UInt8(truncatingIfNeeded: $0.bitPattern >> 7) }, rows: rows)
            let panels = WordPanels(words, outputs: rows)
            let padded = (rows + 31) / 32 * 32
            var offsets = [Int32](repeating: 0, count: padded)
            decant_int8_offsets(panels.base, padded, (columns + 3) / 4, &offsets)
            let scales = randomFloats(padded, seed: 10)
            let x = FloatBuffer(randomFloats(tokens * columns, seed: 11))
            let integers = TokenIntegers(rounding: MatrixView(x.base, tokens, columns), workers: WorkerPool(threads: 1))
            var results: [[Float]] = []
            for instructions in Set([0, decant_has_vnni()]).sorted() {
                var y = randomFloats(tokens * rows, seed: 12)
                integers.withPointers { codes, steps in
                    decant_int8_product(
                        codes, integers.stride, steps, tokens,
                        decant_int8_panels(words: panels.base, offsets: offsets, scales: scales, count: (columns + 3) / 4), 0,
                        rows,
                        &y, rows, 1, instructions)
                }
                results.append(y)
            }
            #expect(results.allSatisfy { $0 == results[0] })
        }
    }
}
