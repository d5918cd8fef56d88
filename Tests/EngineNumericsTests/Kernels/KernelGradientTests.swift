import CKernels
import Testing

@testable import Engine

struct KernelGradientTests {
    @Test(arguments: [Float(0), 1]) func rmsNormWithARaggedWidth(shift: Float) {
        let (rows, columns) = (3, 11)
        let (x, w, weights) = (randomFloats(rows * columns, seed: 1), randomFloats(columns, seed: 2), randomFloats(33, seed: 3))
        func forward(_ x: [Float], _ w: [Float]) -> (y: [Float], inverse: [Float]) {
            var (y, inverse) = ([Float](repeating: 0, count: x.count), [Float](repeating: 0, count: rows))
            decant_rmsnorm(x, w, shift, &y, &inverse, rows, columns, 1e-6)
            return (y, inverse)
        }
        var (dx, dw) = ([Float](repeating: 0, count: x.count), [Float](repeating: .nan, count: columns))
        decant_rmsnorm_backward(x, w, shift, forward(x, w).inverse, weights, &dx, &dw, rows, columns)
        expectGradient(dx, of: { weighted(forward($0, w).y, weights) }, at: x)
        expectGradient(dw, of: { weighted(forward(x, $0).y, weights) }, at: w)
        let (y, start) = (forward(x, w).y, randomFloats(x.count, seed: 4))
        var (sum, inverse) = (start, [Float](repeating: 0, count: rows))
        decant_rmsnorm_add(x, w, shift, &sum, &inverse, rows, columns, 1e-6)
        #expect(sum == zip(start, y).map { $0 + $1 } && inverse == forward(x, w).inverse)
    }

    @Test(arguments: [6, 4]) func rotaryEmbedding(turned: Int) throws {
        var configuration = try ModelConfiguration(
            vocabularySize: 8, hiddenSize: 12, layerCount: 1, headCount: 2, keyValueHeadCount: 1, intermediateSize: 8)
        configuration.rotaryDimension = turned
        let table = RotaryTable(configuration, positions: 16)
        let positions: [Int32] = [0, 3, 9]
        let (x, weights) = (randomFloats(36, seed: 4), randomFloats(36, seed: 5))
        func result(_ x: [Float]) -> [Float] {
            var y = x
            withExtendedLifetime(table) {
                decant_rope(&y, positions, table.cosines.base, table.sines.base, 3, 12, 2, 6, turned)
            }
            return y
        }
        var dx = weights
        withExtendedLifetime(table) {
            decant_rope_backward(&dx, positions, table.cosines.base, table.sines.base, 3, 12, 2, 6, turned)
        }
        expectGradient(dx, of: { weighted(result($0), weights) }, at: x)
        #expect(zip(result(x)[0..<12], x[0..<12]).allSatisfy { $0 == $1 }, "position 0 is not turned")
        let y = result(x)
        #expect(turned == 6 || y[16..<18] == x[16..<18] && y[22..<24] == x[22..<24], "the rest of a head is not turned")
    }

    @Test(arguments: [GateFunction.silu, .gelu]) func aGateWithARaggedWidth(gate: GateFunction) {
        let (rows, columns) = (2, 13)
        let (x, weights) = (randomFloats(rows * columns * 2, seed: 6), randomFloats(rows * columns, seed: 7))
        func forward(_ x: [Float]) -> [Float] {
            let (gateUp, y) = (FloatBuffer(x), FloatBuffer(count: rows * columns))
            gate.forward(gateUp.base, into: y.base, rows: rows, columns, columns: 0..<columns)
            return withExtendedLifetime(gateUp) { y.values }
        }
        let (gateUp, gated) = (FloatBuffer(x), FloatBuffer(weights))
        gate.backward(gateUp.base, gated.base, rows: rows, columns)
        let (dx, again) = (gateUp.values, gated.values)
        #expect(again == forward(x))
        expectGradient(dx, of: { weighted(forward($0), weights) }, at: x)
    }

    @Test(arguments: [(4, 2, 6, Int.max), (2, 1, 8, 5), (3, 3, 10, .max), (4, 1, 16, 20), (4, 2, 6, 1)])
    func attentionOverPackedSequencesWithGroupedHeads(heads: Int, kvHeads: Int, dimension: Int, window: Int) {
        // One sequence is longer than a block of queries.
        let offsets = [0, 5, 6, 70]
        let scale = 0.9 / Float(dimension).squareRoot()
        let shape = decant_attention_shape(
            heads: heads, kv_heads: kvHeads, dimension: dimension, window: window, scale: scale)
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
                                x, y, s, [decant_stretch(first_row: start, count: length)], 1, 0, length, kvHead, shape)
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
                decant_attention_backward(
                    x, y, statistics, weights, dx, [decant_stretch(first_row: start, count: length)], 1, kvHead, shape)
            }
        }
        let reference = naiveAttention(x, offsets: offsets, shape)
        #expect(zip(y, reference).allSatisfy { abs(Double($0) - $1) < 1e-5 })
        expectGradient(dx, of: { weighted(forward($0).y, weights) }, at: x)
        // The same bits, wherever the queries are cut.
        var pieces = Array(y.prefix(6 * heads * dimension)) + Array(repeating: .nan, count: 64 * heads * dimension)
        for first in stride(from: 0, to: 64, by: 16) {
            for kvHead in 0..<kvHeads {
                var rest = [Float](repeating: 0, count: tokens * heads * 2)
                decant_attention(
                    x, &pieces, &rest, [decant_stretch(first_row: 6, count: 64)], 1, first, first + 16, kvHead, shape)
            }
        }
        #expect(pieces == y)
    }

    /// A sequence that begins with rows of another one, against a copy of its own of all rows.
    @Test(arguments: [Int.max, 30, 5])
    func attentionBehindRowsOfAnotherSequence(window: Int) {
        let (heads, kvHeads, dimension, shared) = (4, 2, 6, 50)
        let shape = decant_attention_shape(heads: heads, kv_heads: kvHeads, dimension: dimension, window: window, scale: 0.4)
        let (width, attended) = ((heads + 2 * kvHeads) * dimension, heads * dimension)
        // The first sequence has rows 0..<60, the second one its first 50 and rows 60..<80.
        let first = [decant_stretch(first_row: 0, count: 60)]
        let second = [decant_stretch(first_row: 0, count: shared), decant_stretch(first_row: 60, count: 20)]
        let whole = [decant_stretch(first_row: 0, count: 70)]
        let (x, dy) = (randomFloats(80 * width, seed: 12), randomFloats(80 * attended, seed: 13))
        let copy = Array(x[..<(shared * width)]) + Array(x[(60 * width)...])
        let dyOfCopy = [Float](repeating: 0, count: shared * attended) + Array(dy[(60 * attended)...])
        func pass(
            _ x: [Float], _ dy: [Float], rows: Int, _ sequences: [(stretches: [decant_stretch], queries: Range<Int>)]
        ) -> (y: [Float], dx: [Float]) {
            var (y, dx) = ([Float](repeating: .nan, count: rows * attended), [Float](repeating: .nan, count: rows * width))
            var statistics = [Float](repeating: 0, count: rows * heads * 2)
            for (stretches, queries) in sequences {
                for kvHead in 0..<kvHeads {
                    decant_attention(
                        x, &y, &statistics, stretches, stretches.count, queries.lowerBound, queries.upperBound, kvHead, shape)
                }
            }
            for (stretches, _) in sequences {
                for kvHead in 0..<kvHeads {
                    decant_attention_backward(x, y, statistics, dy, &dx, stretches, stretches.count, kvHead, shape)
                }
            }
            return (y, dx)
        }
        let together = pass(x, dy, rows: 80, [(first, 0..<60), (second, shared..<70)])
        let ofFirst = pass(Array(x[..<(60 * width)]), Array(dy[..<(60 * attended)]), rows: 60, [(first, 0..<60)])
        let ofCopy = pass(copy, dyOfCopy, rows: 70, [(whole, 0..<70)])
        #expect(Array(together.y[..<(60 * attended)]) == ofFirst.y)
        #expect(Array(together.y[(60 * attended)...]) == Array(ofCopy.y[(shared * attended)...]))
        #expect(Array(together.dx[(60 * width)...]) == Array(ofCopy.dx[(shared * width)...]))
        for (place, found) in together.dx[..<(60 * width)].enumerated() {
            let expected = ofFirst.dx[place] + (place < shared * width ? ofCopy.dx[place] : 0)
            #expect(abs(found - expected) < 1e-5)
        }
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
    private func naiveAttention(_ x: [Float], offsets: [Int], _ shape: decant_attention_shape) -> [Double] {
        let (heads, kvHeads, dimension) = (shape.heads, shape.kv_heads, shape.dimension)
        let width = (heads + 2 * kvHeads) * dimension
        var y = [Double](repeating: 0, count: (offsets.last ?? 0) * heads * dimension)
        for (start, end) in zip(offsets, offsets.dropFirst()) {
            for row in start..<end {
                let seen = (shape.window <= row - start ? row + 1 - shape.window : start)...row
                for head in 0..<heads {
                    let keyColumn = (heads + head / (heads / kvHeads)) * dimension
                    let scores = seen.map { key in
                        (0..<dimension).reduce(0.0) { sum, i in
                            sum + Double(x[row * width + head * dimension + i]) * Double(x[key * width + keyColumn + i])
                        } * Double(shape.scale)
                    }
                    let exponentials = scores.map { PortableMath.exp($0 - (scores.max() ?? 0)) }
                    let sum = exponentials.reduce(0, +)
                    for (key, weight) in zip(seen, exponentials) {
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
