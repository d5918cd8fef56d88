import CKernels

/// What a block adds to the hidden states, in families that normalize it first.
struct Branch {
    /// [T, D], before the norm.
    let values: UnsafeMutablePointer<Float>
    /// 1/rms of each row.
    let inverse: UnsafeMutablePointer<Float>
}

extension ForwardPass {
    /// What a block reads: norm(x) in the memory `into`, or x itself where the family has no such norm. The block's sum begins as
    /// x, where it is not x already.
    func blockInput(
        _ x: UnsafeMutablePointer<Float>, rows: Int, norm: Int?, into memory: UnsafeMutablePointer<Float>,
        inverse: UnsafeMutablePointer<Float>, sum: UnsafeMutablePointer<Float>
    ) -> UnsafeMutablePointer<Float> {
        if let norm {
            normForward(x, rows: rows, weight: norm, into: memory, inverse: inverse, copy: sum == x ? nil : sum)
            return memory
        }
        if sum != x { sum.update(from: x, count: rows * configuration.hiddenSize) }
        return x
    }

    /// sum [T, D] += y·Wᵀ, or the norm of it.
    func addOutput(
        _ y: MatrixView, by map: LinearMap, norm: Int?, _ branch: Branch, to sum: UnsafeMutablePointer<Float>
    ) {
        let hidden = configuration.hiddenSize
        guard let norm else { return multiply(y, by: map, into: MatrixView(sum, y.rows, hidden), .adding) }
        multiply(y, by: map, into: MatrixView(branch.values, y.rows, hidden), .replacing)
        let epsilon = Float(configuration.normEpsilon)
        forEachRows(y.rows) { block in
            let at = block.lowerBound * hidden
            decant_rmsnorm_add(
                branch.values + at, vector(at: norm), normShift, sum + at, branch.inverse + block.lowerBound, block.count,
                hidden, epsilon)
        }
    }
}

extension Decoder {
    /// dHidden [T, D] of a block's sum → the gradient of y·Wᵀ [T, D], valid until dNorm is written.
    func outputBackward(
        rows: Int, norm: Int?, _ branch: Branch, _ a: Activations, _ gradients: Gradients
    ) -> MatrixView {
        let hidden = configuration.hiddenSize
        guard let norm else { return MatrixView(a.dHidden, rows, hidden) }
        a.dNorm.update(repeating: 0, count: rows * hidden)
        normBackward(
            branch.values, rows: rows, weight: norm, inverse: branch.inverse, dNorm: a.dHidden, dx: a.dNorm, a, gradients)
        return MatrixView(a.dNorm, rows, hidden)
    }

    /// dNorm [T, D] of what a block read → adds to dHidden [T, D].
    func blockInputBackward(
        _ x: UnsafeMutablePointer<Float>, rows: Int, norm: Int?, inverse: UnsafeMutablePointer<Float>, _ a: Activations,
        _ gradients: Gradients
    ) {
        if let norm {
            return normBackward(
                x, rows: rows, weight: norm, inverse: inverse, dNorm: a.dNorm, dx: a.dHidden, a, gradients)
        }
        forEachRows(rows) { block in
            let at = block.lowerBound * configuration.hiddenSize
            decant_add(a.dHidden + at, a.dNorm + at, block.count * configuration.hiddenSize)
        }
    }
}
