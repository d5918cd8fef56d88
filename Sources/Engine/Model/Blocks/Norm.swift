import CKernels

extension ForwardPass {
    /// x [rows, D] → norm [rows, D] = x·w/rms(x), and 1/rms per row; `weight` is the norm's offset. Copies x to `copy`, the
    /// start of a sum, where there is one.
    func normForward(
        _ x: UnsafeMutablePointer<Float>, rows: Int, weight: Int, into norm: UnsafeMutablePointer<Float>,
        inverse: UnsafeMutablePointer<Float>, copy: UnsafeMutablePointer<Float>? = nil
    ) {
        let hidden = configuration.hiddenSize
        let epsilon = Float(configuration.normEpsilon)
        forEachRows(rows) { block in
            let at = block.lowerBound * hidden
            decant_rmsnorm(
                x + at, vector(at: weight), norm + at, inverse + block.lowerBound, block.count, hidden, epsilon)
            if let copy { (copy + at).update(from: x + at, count: block.count * hidden) }
        }
    }
}

extension Decoder {
    /// x and the 1/rms of its rows → norm [rows, D] again.
    func normAgain(
        _ x: UnsafeMutablePointer<Float>, block: Range<Int>, weight: Int, into norm: UnsafeMutablePointer<Float>,
        inverse: UnsafeMutablePointer<Float>
    ) {
        let at = block.lowerBound * configuration.hiddenSize
        decant_rmsnorm_again(
            x + at, weights.base + weight, inverse + block.lowerBound, norm + at, block.count, configuration.hiddenSize)
    }

    /// dNorm [rows, D] → adds to dx [rows, D].
    func normBackward(
        _ x: UnsafeMutablePointer<Float>, rows: Int, weight: Int, inverse: UnsafeMutablePointer<Float>,
        dNorm: UnsafeMutablePointer<Float>, dx: UnsafeMutablePointer<Float>, _ a: Activations, _ gradients: Gradients
    ) {
        let hidden = configuration.hiddenSize
        forEachRows(rows) { block in
            let at = block.lowerBound * hidden
            decant_rmsnorm_backward(
                x + at, weights.base + weight, inverse + block.lowerBound, dNorm + at, dx + at,
                a.partialSums + block.lowerBound / Decoder.rowBlock * hidden, block.count, hidden)
        }
        addPartialSums(rows: rows, columns: hidden, to: weight, a, gradients)
    }

    /// The sums over blocks of rows, in their order, become the gradient of the vector at `offset`.
    func addPartialSums(rows: Int, columns: Int, to offset: Int, _ a: Activations, _ gradients: Gradients) {
        let blocks = (rows + Decoder.rowBlock - 1) / Decoder.rowBlock
        guard let gradient = gradients.weights(at: offset) else { return }
        decant_sum_rows(a.partialSums, gradient, blocks, columns, gradients.isAdding ? 1 : 0)
    }
}
