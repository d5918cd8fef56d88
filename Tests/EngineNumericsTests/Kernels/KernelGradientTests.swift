import CKernels
import Testing

@testable import Engine

struct KernelGradientTests {
    @Test func rmsNormWithARaggedWidth() {
        let (rows, columns) = (3, 11)
        let (x, w, weights) = (randomFloats(rows * columns, seed: 1), randomFloats(columns, seed: 2), randomFloats(33, seed: 3))
        func forward(_ x: [Float], _ w: [Float]) -> (y: [Float], inverse: [Float]) {
            var (y, inverse) = ([Float](repeating: 0, count: x.count), [Float](repeating: 0, count: rows))
            decant_rmsnorm(x, w, &y, &inverse, rows, columns, 1e-6)
            return (y, inverse)
        }
        var (dx, dw) = ([Float](repeating: 0, count: x.count), [Float](repeating: .nan, count: columns))
        decant_rmsnorm_backward(x, w, forward(x, w).inverse, weights, &dx, &dw, rows, columns)
        expectGradient(dx, of: { weighted(forward($0, w).y, weights) }, at: x)
        expectGradient(dw, of: { weighted(forward(x, $0).y, weights) }, at: w)
    }

    @Test func rotaryEmbedding() throws {
        let configuration = try ModelConfiguration(
            vocabularySize: 8, hiddenSize: 12, layerCount: 1, headCount: 2, keyValueHeadCount: 1, intermediateSize: 8)
        let table = RotaryTable(configuration, positions: 16)
        let positions: [Int32] = [0, 3, 9]
        let (x, weights) = (randomFloats(36, seed: 4), randomFloats(36, seed: 5))
        func turned(_ x: [Float]) -> [Float] {
            var y = x
            withExtendedLifetime(table) {
                decant_rope(&y, positions, table.cosines.base, table.sines.base, 3, 12, 2, 6)
            }
            return y
        }
        var dx = weights
        withExtendedLifetime(table) {
            decant_rope_backward(&dx, positions, table.cosines.base, table.sines.base, 3, 12, 2, 6)
        }
        expectGradient(dx, of: { weighted(turned($0), weights) }, at: x)
        #expect(zip(turned(x)[0..<12], x[0..<12]).allSatisfy { $0 == $1 }, "position 0 is not turned")
    }

    @Test func swigluWithARaggedWidth() {
        let (rows, columns) = (2, 13)
        let (x, weights) = (randomFloats(rows * columns * 2, seed: 6), randomFloats(rows * columns, seed: 7))
        func forward(_ x: [Float]) -> [Float] {
            var y = [Float](repeating: 0, count: rows * columns)
            decant_swiglu(x, &y, rows, columns)
            return y
        }
        var (dx, again) = (x, weights)
        decant_swiglu_backward(&dx, &again, rows, columns)
        #expect(again == forward(x))
        expectGradient(dx, of: { weighted(forward($0), weights) }, at: x)
    }

    @Test(arguments: [(4, 2, 6), (2, 1, 8), (3, 3, 10), (4, 1, 16)])
    func attentionOverPackedSequencesWithGroupedHeads(heads: Int, kvHeads: Int, dimension: Int) {
        // One sequence is longer than a block of queries.
        let offsets = [0, 5, 6, 70]
        let shape = decant_attention_shape(heads: heads, kv_heads: kvHeads, dimension: dimension)
        let tokens = 70
        let width = (heads + 2 * kvHeads) * dimension
        let (x, weights) = (randomFloats(tokens * width, seed: 8), randomFloats(tokens * heads * dimension, seed: 9))
        func forEachGroup(_ body: (_ start: Int, _ length: Int, _ kvHead: Int) -> Void) {
            for (start, end) in zip(offsets, offsets.dropFirst()) {
                for kvHead in 0..<kvHeads { body(start, end - start, kvHead) }
            }
        }
        func forward(_ x: [Float]) -> (y: [Float], statistics: [Float]) {
            var y = [Float](repeating: 0, count: weights.count)
            var statistics = [Float](repeating: 0, count: tokens * heads * 2)
            y.withUnsafeMutableBufferPointer { y in
                statistics.withUnsafeMutableBufferPointer { statistics in
                    x.withUnsafeBufferPointer { x in
                        guard let x = x.baseAddress, let y = y.baseAddress, let s = statistics.baseAddress else { return }
                        forEachGroup { start, length, kvHead in
                            decant_attention(
                                x + start * width, y + start * heads * dimension, s + start * heads * 2, 0, length, kvHead,
                                shape)
                        }
                    }
                }
            }
            return (y, statistics)
        }
        let (y, statistics) = forward(x)
        var dx = [Float](repeating: .nan, count: x.count)
        dx.withUnsafeMutableBufferPointer { dx in
            guard let dx = dx.baseAddress else { return }
            forEachGroup { start, length, kvHead in
                let (row, head) = (start * width, start * heads * dimension)
                decant_attention_backward(
                    Array(x[row...]), Array(y[head...]), Array(statistics[(start * heads * 2)...]), Array(weights[head...]),
                    dx + row, length, kvHead, shape)
            }
        }
        let reference = naiveAttention(x, offsets: offsets, heads: heads, kvHeads: kvHeads, dimension: dimension)
        #expect(zip(y, reference).allSatisfy { abs(Double($0) - $1) < 1e-5 })
        expectGradient(dx, of: { weighted(forward($0).y, weights) }, at: x)
    }

    @Test func bias() {
        let (x, weights) = (randomFloats(5, seed: 10), randomFloats(15, seed: 11))
        func forward(_ bias: [Float]) -> [Float] {
            var y = [Float](repeating: 1, count: 15)
            decant_add_bias(&y, bias, 3, 5)
            return y
        }
        var dx = [Float](repeating: .nan, count: 5)
        decant_bias_backward(weights, &dx, 3, 5)
        expectGradient(dx, of: { weighted(forward($0), weights) }, at: x)
    }

    /// The textbook formula, in double.
    private func naiveAttention(_ x: [Float], offsets: [Int], heads: Int, kvHeads: Int, dimension: Int) -> [Double] {
        let width = (heads + 2 * kvHeads) * dimension
        var y = [Double](repeating: 0, count: (offsets.last ?? 0) * heads * dimension)
        for (start, end) in zip(offsets, offsets.dropFirst()) {
            for row in start..<end {
                for head in 0..<heads {
                    let keyColumn = (heads + head / (heads / kvHeads)) * dimension
                    let scores = (start...row).map { key in
                        (0..<dimension).reduce(0.0) { sum, i in
                            sum + Double(x[row * width + head * dimension + i]) * Double(x[key * width + keyColumn + i])
                        } / Double(dimension).squareRoot()
                    }
                    let exponentials = scores.map { PortableMath.exp($0 - (scores.max() ?? 0)) }
                    let sum = exponentials.reduce(0, +)
                    for (key, weight) in zip(start...row, exponentials) {
                        for i in 0..<dimension {
                            let value = Double(x[key * width + keyColumn + kvHeads * dimension + i])
                            y[(row * heads + head) * dimension + i] += weight / sum * value
                        }
                    }
                }
            }
        }
        return y
    }
}
