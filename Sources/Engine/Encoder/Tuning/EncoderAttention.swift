import CKernels

/// Bidirectional attention of an encoder's layer, forward and backward. A unit of work is one head of one sequence.
struct EncoderAttention {
    private let kept: EncoderActivations
    private let workers: WorkerPool
    private let heads: Int
    private let dimension: Int
    private let hidden: Int

    init(_ configuration: EncoderConfiguration, _ kept: EncoderActivations, _ workers: WorkerPool) {
        (self.kept, self.workers) = (kept, workers)
        (heads, dimension, hidden) = (configuration.headCount, configuration.headDimension, configuration.hiddenSize)
    }

    private var temperature: Float { Float(dimension).squareRoot() }

    /// shares = softmax(q·kᵀ/√d), attended = shares·v
    func forward(_ layer: EncoderActivations.Layer) {
        forEachUnit { unit in
            let shares = unit.square(layer.shares)
            MatrixMultiply.product(
                unit.part(0, of: layer.projections), transposed: unit.part(1, of: layer.projections), into: shares)
            for row in 0..<unit.length {
                let scores = shares.base + row * unit.length
                _ = decant_softmax(scores, scores, temperature, unit.length)
            }
            MatrixMultiply.product(shares, unit.part(2, of: layer.projections), into: unit.output(layer.attended))
        }
    }

    /// dv = sharesᵀ·dy, dshares = dy·vᵀ, back through the softmax, dq = dscores·k, dk = dscoresᵀ·q
    func backward(_ layer: EncoderActivations.Layer) {
        forEachUnit { unit in
            let (shares, dscores) = (unit.square(layer.shares), unit.square(kept.shareGradient))
            let dy = unit.output(kept.attendedGradient)
            func part(_ index: Int) -> MatrixView { unit.part(index, of: layer.projections) }
            func gradient(_ index: Int) -> MatrixView { unit.part(index, of: kept.projectionGradient) }
            MatrixMultiply.product(transposed: shares, dy, into: gradient(2))
            MatrixMultiply.product(dy, transposed: part(2), into: dscores)
            decant_softmax_backward(shares.base, dscores.base, temperature, unit.length, unit.length)
            MatrixMultiply.product(dscores, part(1), into: gradient(0))
            MatrixMultiply.product(transposed: dscores, part(0), into: gradient(1))
        }
    }

    /// One head of one sequence of L tokens.
    private struct Unit {
        let length: Int
        let start: Int
        let shareStart: Int
        let head: Int
        let dimension: Int
        let hidden: Int

        /// Queries, keys or values [L, d] of projections [T, 3·D].
        func part(_ index: Int, of projections: UnsafeMutablePointer<Float>) -> MatrixView {
            MatrixView(
                projections + start * 3 * hidden + index * hidden + head * dimension, length, dimension, stride: 3 * hidden)
        }

        /// [L, d] of the heads' outputs [T, D].
        func output(_ attended: UnsafeMutablePointer<Float>) -> MatrixView {
            MatrixView(attended + start * hidden + head * dimension, length, dimension, stride: hidden)
        }

        /// [L, L]
        func square(_ shares: UnsafeMutablePointer<Float>) -> MatrixView {
            MatrixView(shares + shareStart + head * length * length, length, length)
        }
    }

    private func forEachUnit(_ body: (Unit) -> Void) {
        workers.forEach(kept.lengths.count * heads) { index in
            let (sequence, head) = index.quotientAndRemainder(dividingBy: heads)
            body(
                Unit(
                    length: kept.lengths[sequence], start: kept.starts[sequence], shareStart: kept.shareStarts[sequence],
                    head: head, dimension: dimension, hidden: hidden))
        }
    }
}
