import CKernels

/// One block of an encoder: bidirectional attention and a feed-forward layer, each followed by a sum and a norm (Devlin et al.,
/// arXiv 1810.04805).
struct EncoderLayer {
    private let configuration: EncoderConfiguration
    private let offsets: EncoderLayout.Layer
    private let weights: FloatBuffer
    private let projections: PanelMatrix
    private let output: PanelMatrix
    private let intermediate: PanelMatrix
    private let down: PanelMatrix

    init(
        _ offsets: EncoderLayout.Layer, _ configuration: EncoderConfiguration, weights: FloatBuffer, workers: WorkerPool
    ) {
        func matrix(_ offset: Int, outputs: Int, inputs: Int) -> PanelMatrix {
            PanelMatrix([(outputs, nil)], inputs: inputs, floats: weights.base + offset, workers: workers)
        }
        let (hidden, wide) = (configuration.hiddenSize, configuration.intermediateSize)
        (self.configuration, self.offsets, self.weights) = (configuration, offsets, weights)
        projections = matrix(offsets.projections, outputs: 3 * hidden, inputs: hidden)
        output = matrix(offsets.output, outputs: hidden, inputs: hidden)
        intermediate = matrix(offsets.intermediate, outputs: wide, inputs: hidden)
        down = matrix(offsets.down, outputs: hidden, inputs: wide)
    }

    /// Hidden states [T, D] of sequences of these lengths → hidden states after the block, in place.
    func forward(_ lengths: [Int], _ scratch: EncoderScratch) {
        linear(projections, offsets.projectionBias, scratch.hidden, into: scratch.wide, rows: scratch.rows)
        attend(lengths, scratch)
        linear(output, offsets.outputBias, scratch.attended, into: scratch.sum, rows: scratch.rows)
        addAndNormalize(offsets.attentionNorm, scratch)
        linear(intermediate, offsets.intermediateBias, scratch.hidden, into: scratch.wide, rows: scratch.rows)
        decant_gelu(scratch.wide, scratch.rows * configuration.intermediateSize)
        linear(down, offsets.downBias, scratch.wide, into: scratch.sum, rows: scratch.rows)
        addAndNormalize(offsets.outputNorm, scratch)
    }

    /// y [rows, out] = x·Wᵀ + b
    private func linear(
        _ matrix: PanelMatrix, _ bias: Int, _ x: UnsafeMutablePointer<Float>, into y: UnsafeMutablePointer<Float>, rows: Int
    ) {
        matrix.product(
            MatrixView(x, rows, matrix.inputs), into: MatrixView(y, rows, matrix.outputs), workers: .caller)
        decant_add_bias(y, weights.base + bias, rows, matrix.outputs)
    }

    /// Queries, keys and values [T, 3·D] → softmax(q·kᵀ/√d)·v for each sequence and head [T, D].
    private func attend(_ lengths: [Int], _ scratch: EncoderScratch) {
        let (hidden, d) = (configuration.hiddenSize, configuration.headDimension)
        let temperature = Float(d).squareRoot()
        var start = 0
        for length in lengths {
            for head in 0..<configuration.headCount {
                let query = scratch.wide + start * 3 * hidden + head * d
                func part(_ index: Int) -> MatrixView { MatrixView(query + index * hidden, length, d, stride: 3 * hidden) }
                let scores = MatrixView(scratch.scores, length, length)
                MatrixMultiply.product(part(0), transposed: part(1), into: scores)
                for row in 0..<length {
                    _ = decant_softmax(scores.base + row * length, scores.base + row * length, temperature, length)
                }
                let y = MatrixView(scratch.attended + start * hidden + head * d, length, d, stride: hidden)
                MatrixMultiply.product(scores, part(2), into: y)
            }
            start += length
        }
    }

    /// hidden [T, D] = norm(hidden + sum)
    private func addAndNormalize(_ norm: EncoderLayout.Norm, _ scratch: EncoderScratch) {
        let hidden = configuration.hiddenSize
        decant_add(scratch.sum, scratch.hidden, scratch.rows * hidden)
        decant_layernorm(
            scratch.sum, weights.base + norm.weight, weights.base + norm.bias, scratch.hidden, scratch.rows, hidden,
            Float(configuration.normEpsilon))
    }
}

/// Working memory for one group of sequences with T tokens in total.
final class EncoderScratch {
    let rows: Int
    /// [T, D]
    let hidden: UnsafeMutablePointer<Float>
    /// [T, D]
    let attended: UnsafeMutablePointer<Float>
    /// [T, D]
    let sum: UnsafeMutablePointer<Float>
    /// [T, 3·D] or [T, I]
    let wide: UnsafeMutablePointer<Float>
    /// [longest, longest]
    let scores: UnsafeMutablePointer<Float>
    private let arena = Arena()

    init(rows: Int, longest: Int, _ configuration: EncoderConfiguration) {
        self.rows = rows
        let size = rows * configuration.hiddenSize
        let pieces = arena.cut([size, size, size, max(3 * size, rows * configuration.intermediateSize), longest * longest])
        (hidden, attended, sum, wide, scores) = (pieces[0], pieces[1], pieces[2], pieces[3], pieces[4])
    }
}
