import CKernels
import Testing

@testable import Engine

/// One order of operations for a row, however its sequence is cut.
struct StepDecoderTests {
    private static let tokens: [Int32] = (0..<45).map { Int32(($0 * 17 + 5) % 37) }

    /// The last position's logits, reading the stretches that end at `cuts` in turn, with other sequences in the same steps.
    private func logits(_ model: InferenceModel, cuts: [Int], beside others: [[Int32]] = [], threads: Int = 1) -> [Float] {
        let cache = CacheBlocks(model.model.configuration)
        let workers = WorkerPool(threads: threads)
        let decoder = StepDecoder(
            InferenceWeights(model, workers: workers), cache: cache, positions: Self.tokens.count, workers: workers)
        let blocks = (0..<3).map { _ in cache.take() }
        var start = 0
        var found: [Float] = []
        for end in cuts {
            var batch = StepBatch()
            for other in others {
                batch.append(other, at: 0, blocks: [cache.take()], copy: nil, predicting: 1)
            }
            batch.append(Self.tokens[start..<end], at: start, blocks: blocks, copy: nil, predicting: 1)
            let size = model.model.configuration.vocabularySize
            found = Array(UnsafeBufferPointer(start: decoder.read(batch) + others.count * size, count: size))
            start = end
        }
        return found
    }

    @Test(arguments: ModelFamily.all)
    func aPromptGivesEqualBitsWholeInPiecesAndBesideOthers(family: ModelFamily) throws {
        let model = InferenceModel(try Fixture.model(tied: family == .qwen2, family: family))
        let count = Self.tokens.count
        let whole = logits(model, cuts: [count])
        #expect(logits(model, cuts: Array(1...count)) == whole)
        #expect(logits(model, cuts: [16, 32, count]) == whole)
        #expect(logits(model, cuts: [1, 2, 9, 10, 31, 44, count], threads: 3) == whole)
        #expect(logits(model, cuts: [44, count], beside: [[1, 2, 3], [4]], threads: 2) == whole)
        let expected = GenerationTests.logits(model, Self.tokens)
        #expect(zip(whole, expected).allSatisfy { abs($0 - $1) < 1e-4 })
    }

    @Test(arguments: [Int.max, 5, 18, 37]) func attentionEqualsItsFormulaOnBothVectorWidths(window: Int) {
        let shape = decant_attention_shape(
            heads: 6, kv_heads: 2, dimension: 20, window: window, scale: 1 / Float(20).squareRoot())
        let (tokens, width) = (37, 120)
        let queries = FloatBuffer(randomFloats(tokens * width, seed: 1))
        let keys = FloatBuffer(randomFloats(tokens * 40, seed: 2))
        let values = FloatBuffer(randomFloats(tokens * 40, seed: 3))
        let blocks = (0..<3).map { _ in FloatBuffer(count: decant_block_size(shape)) }
        for token in 0..<tokens {
            decant_block_store(blocks[token / 16].base, token % 16, keys.base + token * 40, values.base + token * 40, shape)
        }
        let table = blocks.map { Optional($0.base) }
        func outputs(_ width: decant_vector_width) -> [Float] {
            let y = FloatBuffer(count: tokens * 120)
            for head in 0..<2 { decant_attention_blocks(queries.base, 120, y.base, 120, table, 0, tokens, head, shape, width) }
            return y.values
        }
        let found = outputs(decant_vectors())
        #expect(found == outputs(decant_vectors_avx2))
        withExtendedLifetime((queries, keys, values, blocks)) {
            for (row, head) in [(0, 0), (15, 5), (16, 2), (36, 3)] {
                let query = (0..<20).map { Double(queries.base[row * 120 + head * 20 + $0]) }
                let seen = (window <= row ? row + 1 - window : 0)...row
                let scores = seen.map { key in
                    (0..<20).reduce(0.0) { $0 + query[$1] * Double(keys.base[key * 40 + head / 3 * 20 + $1]) }
                        / 20.0.squareRoot()
                }
                let weights = scores.map { PortableMath.exp($0) }
                for column in 0..<20 {
                    let sum = zip(seen, weights).reduce(0.0) {
                        $0 + $1.1 * Double(values.base[$1.0 * 40 + head / 3 * 20 + column])
                    }
                    #expect(abs(sum / weights.reduce(0, +) - Double(found[row * 120 + head * 20 + column])) < 1e-5)
                }
            }
        }
    }

    @Test(arguments: [1, 2, 3, 5, 6, 7, 12, 13, 30])
    func packedPanelsGiveTheBitsOfAMatrixProduct(rows: Int) {
        for (outputs, inputs) in [(1, 1), (37, 24), (64, 400), (200, 800), (129, 385)] {
            let x = FloatBuffer(randomFloats(rows * inputs, seed: 1))
            let w = FloatBuffer(randomFloats(outputs * inputs, seed: 2))
            let y = randomFloats(rows * outputs, seed: 3)
            let workers = WorkerPool(threads: 2)
            let panels = PanelMatrix([(outputs, nil)], inputs: inputs, floats: w.base, workers: workers)
            for accumulation in [MatrixMultiply.Accumulation.replacing, .adding] {
                let (found, expected, narrow) = (FloatBuffer(y), FloatBuffer(y), FloatBuffer(y))
                let left = MatrixView(x.base, rows, inputs)
                panels.product(left, into: MatrixView(found.base, rows, outputs), accumulation, workers: workers)
                MatrixMultiply.product(
                    left, transposed: MatrixView(w.base, outputs, inputs), into: MatrixView(expected.base, rows, outputs),
                    accumulation)
                let packed = FloatBuffer(count: (outputs + 31) / 32 * 32 * inputs)
                decant_panels_pack(w.base, inputs, outputs, inputs, packed.base)
                decant_panels_product(
                    x.base, inputs, packed.base, narrow.base, outputs, rows, outputs, inputs, accumulation == .adding ? 1 : 0,
                    decant_vectors_avx2)
                #expect(found.values == expected.values)
                #expect(narrow.values == expected.values)
            }
        }
    }
}
