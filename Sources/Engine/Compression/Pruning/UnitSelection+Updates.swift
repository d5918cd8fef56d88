import CKernels

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
        update { inverse, weights in
            row.withUnsafeBufferPointer { row in
                weight.withUnsafeBufferPointer { weight in
                    guard let row = row.baseAddress, let weight = weight.baseAddress else { return }
                    workers.forEachRange(size, size: 64) { rows in
                        for i in rows where row[i] != 0 && i != j {
                            let share = -row[i] / row[j]
                            decant_add_scaled_double(inverse + i * size, share, row, size)
                            decant_add_scaled_double(weights + i * outputs, share, weight, outputs)
                            inverse[i * size + j] = 0
                        }
                    }
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
        update { inverse, weights in
            column.withUnsafeBufferPointer { column in
                weight.withUnsafeBufferPointer { weight in
                    guard let column = column.baseAddress, let weight = weight.baseAddress else { return }
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
        }
    }

    private mutating func update(_ body: (UnsafeMutablePointer<Double>, UnsafeMutablePointer<Double>) -> Void) {
        inverse.withUnsafeMutableBufferPointer { inverse in
            weights.withUnsafeMutableBufferPointer { weights in
                if let inverse = inverse.baseAddress, let weights = weights.baseAddress { body(inverse, weights) }
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

    /// Removed units, the one first whose return alone would help most; of blocks, the sum over their inputs.
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
