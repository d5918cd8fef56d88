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
        (self.size, self.unitSize, self.weights, self.workers) = (size, unitSize, weights, workers)
        outputs = weights.count / max(1, size)
        gram = damped
        keptUnits = Set(0..<size / unitSize)
        target = DoubleProduct.product(damped, weights, rows: size, depth: size, columns: outputs, workers: workers)
        guard let factor = CholeskyInverse(of: damped, size: size, workers: workers) else {
            throw ChannelPruningError("The inputs of a layer make a matrix that cannot be inverted; raise 'damping'.")
        }
        inverse = factor.inverse(workers: workers)
    }

    /// Removes the cheapest unit again and again, until `count` are left.
    mutating func removeGreedily(leaving count: Int) {
        while keptUnits.count > max(1, count), let unit = cheapestUnit() { remove(unit: unit) }
    }

    /// Tries swaps: a removed unit returns, and the cheapest one then goes. The result is never worse. The `attempts` most
    /// promising ones are tried, until none changes anything.
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

    /// The cost of removing a unit: tr(Ŵᵤᵀ (Aᵤᵤ)⁻¹ Ŵᵤ).
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

extension UnitSelection {
    func squaredLength(ofRow row: Int) -> Double {
        weights.withUnsafeBufferPointer { weights in
            weights.baseAddress.map { decant_dot_double($0 + row * outputs, $0 + row * outputs, outputs) } ?? 0
        }
    }

    mutating func remove(input j: Int) {
        let row = Array(inverse[j * size..<(j + 1) * size])
        let weight = Array(weights[j * outputs..<(j + 1) * outputs])
        let (size, outputs, workers) = (size, outputs, workers)
        update(by: row, weight) { inverse, weights, row, weight in
            workers.forEachRange(size, size: 64) { rows in
                for i in rows where row[i] != 0 && i != j {
                    let share = -row[i] / row[j]
                    decant_add_scaled_double(inverse + i * size, share, row, size)
                    decant_add_scaled_double(weights + i * outputs, share, weight, outputs)
                    inverse[i * size + j] = 0
                }
            }
            (inverse + j * size).update(repeating: 0, count: size)
            (weights + j * outputs).update(repeating: 0, count: outputs)
        }
    }

    mutating func restore(input i: Int) {
        let column = projection(of: i)
        let schur = schurComplement(of: i, column)
        let weight = residual(ofInput: i).map { $0 / schur }
        let (size, outputs, workers) = (size, outputs, workers)
        update(by: column, weight) { inverse, weights, column, weight in
            workers.forEachRange(size, size: 64) { rows in
                for k in rows where column[k] != 0 {
                    decant_add_scaled_double(inverse + k * size, column[k] / schur, column, size)
                    decant_add_scaled_double(weights + k * outputs, -column[k], weight, outputs)
                    inverse[k * size + i] = -column[k] / schur
                }
            }
            for k in 0..<size { inverse[i * size + k] = -column[k] / schur }
            inverse[i * size + i] = 1 / schur
            (weights + i * outputs).update(from: weight, count: outputs)
        }
    }

    /// Lets `body` change A and Ŵ with a vector [size] and one [outputs].
    private mutating func update(
        by vector: [Double], _ weight: [Double],
        _ body: (UnsafeMutablePointer<Double>, UnsafeMutablePointer<Double>, UnsafePointer<Double>, UnsafePointer<Double>) ->
            Void
    ) {
        inverse.withUnsafeMutableBufferPointer { inverse in
            weights.withUnsafeMutableBufferPointer { weights in
                if let inverse = inverse.baseAddress, let weights = weights.baseAddress {
                    body(inverse, weights, vector, weight)
                }
            }
        }
    }

    /// u = A·h for a removed input; zero where inputs are removed.
    private func projection(of input: Int) -> [Double] {
        DoubleProduct.timesVector(inverse, gram[input * size..<(input + 1) * size], rows: size, workers: workers)
    }

    private func schurComplement(of input: Int, _ projection: [Double]) -> Double {
        gram[input * size + input]
            - gram.withUnsafeBufferPointer { gram in
                gram.baseAddress.map { decant_dot_double($0 + input * size, projection, size) } ?? 0
            }
    }

    /// (HW − HŴ) of one input.
    private func residual(ofInput input: Int) -> [Double] {
        var rest = Array(target[input * outputs..<(input + 1) * outputs])
        rest.withUnsafeMutableBufferPointer { rest in
            weights.withUnsafeBufferPointer { weights in
                guard let rest = rest.baseAddress, let weights = weights.baseAddress else { return }
                for k in 0..<size where gram[input * size + k] != 0 {
                    decant_add_scaled_double(rest, -gram[input * size + k], weights + k * outputs, outputs)
                }
            }
        }
        return rest
    }

    /// Removed units, ordered by how much their return alone would help. A block counts the sum over its inputs.
    func removedUnitsByGain() -> [Int] {
        let removed = (0..<size / unitSize).filter { !keptUnits.contains($0) }
        var gains = [Double](repeating: 0, count: removed.count)
        gains.withUnsafeMutableBufferPointer { gains in
            workers.forEach(removed.count) { place in
                for input in removed[place] * unitSize..<(removed[place] + 1) * unitSize {
                    let rest = residual(ofInput: input)
                    gains[place] += decant_dot_double(rest, rest, outputs) / schurComplement(of: input, projection(of: input))
                }
            }
        }
        return removed.indices.sorted { (gains[$1], $0) < (gains[$0], $1) }.map { removed[$0] }
    }
}
