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

    /// Outputs that fill panels and that do not; inputs beyond one cut of a sum; groups that a cut divides; a last word that is not full.
    private static let cases = [
        Case(rows: 32, columns: 8, groupSize: 8), Case(rows: 77, columns: 64, groupSize: 32),
        Case(rows: 160, columns: 800, groupSize: 200), Case(rows: 45, columns: 1200, groupSize: 0),
        Case(rows: 70, columns: 20, groupSize: 0),
    ]

    /// x·Wᵀ + y for some numbers of rows.
    private func expectEqualProducts(_ panels: any WeightPanels, _ weights: [Float], _ name: String) {
        #expect(panels.dequantized() == weights, "\(name)")
        for tokens in [1, 2, 3, 5, 14] {
            for accumulation in [MatrixMultiply.Accumulation.replacing, .adding] {
                let (found, expected) = products(panels, weights, tokens: tokens, accumulation)
                #expect(found == expected, "\(name), \(tokens) tokens, \(accumulation)")
            }
        }
    }

    /// In a process of its own, as the limit is that of a process.
    @Test func onTheNarrowestVectorsToo() async {
        await #expect(processExitsWith: .success) {
            decant_limit_vectors(decant_vectors_avx2)
            try #require(decant_vectors() == decant_vectors_avx2)
            let tests = CodedPanelsTests()
            for shape in CodedPanelsTests.cases {
                try tests.integers(shape: shape)
                tests.numbersOfEightBits(shape: shape)
                try tests.floatsThatAreBFloat16AreHalved(shape: shape)
            }
        }
    }

    /// By codes, in two parts, and by floats.
    private func products(
        _ panels: any WeightPanels, _ weights: [Float], tokens: Int, _ accumulation: MatrixMultiply.Accumulation
    ) -> (found: [Float], expected: [Float]) {
        let (rows, columns) = (panels.rows, panels.columns)
        let (w, x) = (FloatBuffer(weights), FloatBuffer(randomFloats(tokens * columns, seed: 7)))
        let before = randomFloats(tokens * rows, seed: 8)
        let (found, expected) = (FloatBuffer(before), FloatBuffer(before))
        let half = rows / 2 / WordPanels.outputs * WordPanels.outputs
        withExtendedLifetime((w, x)) {
            let operand = LinearOperand(
                MatrixView(x.base, tokens, columns), for: [panels.activations], workers: WorkerPool(threads: 1))
            for part in [0..<half, half..<rows] where !part.isEmpty {
                panels.multiply(
                    rows: part, operand,
                    into: MatrixView(found.base, tokens, rows).columns(from: part.lowerBound, count: part.count), accumulation)
            }
            MatrixMultiply.product(
                operand.values(for: panels.activations), transposed: MatrixView(w.base, rows, columns),
                into: MatrixView(expected.base, tokens, rows), accumulation)
        }
        return (found.values, expected.values)
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
        #expect(zip(found, codes).allSatisfy { $0.bitPattern == Float8.table[Int($1)].bitPattern })
    }

    @Test(arguments: cases) private func floatsThatAreBFloat16AreHalved(shape: Case) throws {
        var weights = randomFloats(shape.rows * shape.columns, seed: 4).map { Float(bitPattern: $0.bitPattern & 0xFFFF_0000) }
        let panels = try #require(CodedPanels(exactly: weights, rows: shape.rows, columns: shape.columns))
        expectEqualProducts(panels, weights, "bfloat16")
        weights[weights.count - 1] = Float(1).nextUp
        #expect(CodedPanels(exactly: weights, rows: shape.rows, columns: shape.columns) == nil)
    }

    /// A matrix of such weights is kept without floats, and multiplies as with them.
    @Test func panelsOfFloatsAreNoLongerNeeded() throws {
        let (rows, columns) = (48, 24)
        var weights = randomFloats(rows * columns, seed: 6).map { Float(bitPattern: $0.bitPattern & 0xFFFF_0000) }
        // What the first input meets does not count.
        var x = randomFloats(columns, seed: 5)
        x[0] = 0
        let (input, workers) = (FloatBuffer(x), WorkerPool(threads: 1))
        var products: [[Float]] = []
        for isExact in [true, false] {
            // One weight that bfloat16 does not hold.
            if !isExact { weights[0] = weights[0].nextUp }
            let panels = PanelMatrix([(rows, nil)], inputs: columns, floats: weights, workers: workers)
            #expect((panels.floatBytes == 0) == isExact)
            let output = FloatBuffer(count: rows)
            withExtendedLifetime(input) {
                panels.product(MatrixView(input.base, 1, columns), into: MatrixView(output.base, 1, rows), workers: workers)
            }
            products.append(output.values)
        }
        #expect(products[0] == products[1])
    }

    /// With every set of instructions that there is, against sums of whole numbers.
    @Test func integerProductsAreExactWithEveryInstruction() throws {
        for (rows, columns, tokens) in [(32, 4, 1), (77, 61, 13), (130, 576, 25)] {
            let codes = randomFloats(rows * columns, seed: 9).map { UInt8(truncatingIfNeeded: $0.bitPattern >> 7) }
            let panels = WordPanels(WordPanels.words(codes, rows: rows), outputs: rows)
            let padded = (rows + 31) / 32 * 32
            var offsets = [Int32](repeating: 0, count: padded)
            decant_int8_offsets(panels.base, padded, (columns + 3) / 4, &offsets)
            let scales = randomFloats(padded, seed: 10)
            let x = FloatBuffer(randomFloats(tokens * columns, seed: 11))
            let integers = withExtendedLifetime(x) {
                TokenIntegers(rounding: MatrixView(x.base, tokens, columns), workers: WorkerPool(threads: 1))
            }
            let before = randomFloats(tokens * rows, seed: 12)
            integers.withPointers { activations, steps in
                let expected = (0..<tokens * rows).map { place in
                    let (token, row) = (place / rows, place % rows)
                    let sum = (0..<columns).reduce(0) {
                        $0 + Int(activations[token * integers.stride + $1]) * Int(Int8(bitPattern: codes[row * columns + $1]))
                    }
                    return before[place] + Float(sum) * (steps[token] * scales[row])
                }
                for instructions in Set([0, decant_has_vnni()]).sorted() {
                    var y = before
                    offsets.withUnsafeBufferPointer { offsets in
                        scales.withUnsafeBufferPointer { scales in
                            let weights = decant_int8_panels(
                                words: panels.base, offsets: offsets.baseAddress, scales: scales.baseAddress,
                                count: (columns + 3) / 4)
                            decant_int8_product(
                                activations, integers.stride, steps, tokens, weights, 0, rows, &y, rows, 1, instructions)
                        }
                    }
                    #expect(y == expected)
                }
            }
        }
    }
}
