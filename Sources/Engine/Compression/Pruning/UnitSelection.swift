import CKernels

/// One layer's problem of OSSCAR (Meng et al., arXiv 2403.12983): which units, single inputs or blocks of them, a linear
/// layer can best do without, when the weights of the others are solved for anew.
///
/// Minimizes tr((W − Ŵ)ᵀ(H + λI)(W − Ŵ)) over the kept set and over Ŵ, whose other rows are zero; W [size, outputs]. The
/// inverse of H + λI over the kept inputs, A, and the best Ŵ follow every removal and return of an input in closed form:
///
/// - without input j: the objective grows by ‖Ŵⱼ‖²/Aⱼⱼ, Ŵ −= Aⱼᵀ Ŵⱼ/Aⱼⱼ, A −= Aⱼᵀ Aⱼ/Aⱼⱼ;
/// - with i again, h its column of H + λI over the kept, u = A·h, s its diagonal element less h·u: Ŵᵢ = ((H + λI)(W − Ŵ))ᵢ/s,
///   Ŵ −= u·Ŵᵢ, and A grows by the border of the inverse.
struct UnitSelection {
    let size: Int
    let outputs: Int
    /// Inputs of a unit; they lie side by side.
    let unitSize: Int
    /// Ŵ [size, outputs].
    var weights: [Double]
    private(set) var keptUnits: Set<Int>
    /// H + λI and its product with W.
    let gram, target: [Double]
    /// A [size, size]: rows and columns of removed inputs are zero.
    var inverse: [Double]
    let workers: WorkerPool

    /// - Parameters:
    ///   - damped: H + λI [size, size].
    ///   - weights: W [size, outputs].
    /// - Throws: `ChannelPruningError` when H + λI has no inverse.
    init(damped: [Double], weights: [Double], size: Int, unitSize: Int, workers: WorkerPool) throws(ChannelPruningError) {
        self.size = size
        self.unitSize = unitSize
        self.weights = weights
        self.workers = workers
        outputs = weights.count / max(1, size)
        gram = damped
        keptUnits = Set(0..<size / unitSize)
        target = DoubleProduct.product(damped, weights, rows: size, depth: size, columns: outputs, workers: workers)
        guard let factor = CholeskyInverse(of: damped, size: size, workers: workers) else {
            throw ChannelPruningError("The inputs of a layer make a matrix that cannot be inverted; raise 'damping'.")
        }
        inverse = factor.inverse(workers: workers)
    }

    /// Removes the cheapest unit, and again, until so many are left.
    mutating func removeGreedily(leaving count: Int) {
        while keptUnits.count > max(1, count), let unit = cheapestUnit() { remove(unit: unit) }
    }

    /// Local swaps: a removed unit returns and the then cheapest one goes, which is never worse. The most promising are
    /// tried first, at most `attempts`, until none that is tried changes anything.
    mutating func exchange(attempts: Int) {
        var left = attempts
        while left > 0 {
            var changed = false
            for unit in removedUnitsByGain().prefix(left) where !keptUnits.contains(unit) {
                left -= 1
                restore(unit: unit)
                guard let cheapest = cheapestUnit() else { return }
                remove(unit: cheapest)
                changed = changed || cheapest != unit
            }
            if !changed { return }
        }
    }

    /// What the objective loses by a unit: tr(Ŵᵤᵀ (Aᵤᵤ)⁻¹ Ŵᵤ).
    func cost(ofUnit unit: Int) -> Double {
        let first = unit * unitSize
        if unitSize == 1 {
            return squaredLength(ofRow: first) / inverse[first * size + first]
        }
        let block = (first..<first + unitSize).flatMap { inverse[$0 * size + first..<$0 * size + first + unitSize] }
        guard let factor = CholeskyInverse(of: block, size: unitSize, workers: .caller) else { return .infinity }
        let rows = Array(weights[first * outputs..<(first + unitSize) * outputs])
        return DoubleProduct.product(
            factor.values, rows, rows: unitSize, depth: unitSize, columns: outputs, workers: .caller
        ).reduce(0) { $0 + $1 * $1 }
    }

    private func cheapestUnit() -> Int? {
        let units = keptUnits.sorted()
        var costs = [Double](repeating: 0, count: units.count)
        costs.withUnsafeMutableBufferPointer { costs in
            workers.forEachRange(units.count, size: 32) { range in
                for place in range { costs[place] = cost(ofUnit: units[place]) }
            }
        }
        return units.indices.min { (costs[$0], $0) < (costs[$1], $1) }.map { units[$0] }
    }

    mutating func remove(unit: Int) {
        for input in unit * unitSize..<(unit + 1) * unitSize { remove(input: input) }
        keptUnits.remove(unit)
    }

    mutating func restore(unit: Int) {
        for input in unit * unitSize..<(unit + 1) * unitSize { restore(input: input) }
        keptUnits.insert(unit)
    }
}
