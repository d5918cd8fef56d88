import Foundation
import Testing

@testable import Engine

struct OptimizerTests {
    @Test func adamWFollowsItsFormulaAndDecaysMatricesOnly() {
        let parameters = [
            Parameter(name: "w", shape: [2, 2], role: .hiddenMatrix, offset: 0),
            Parameter(name: "n", shape: [3], role: .norm, offset: 4),
        ]
        let options = TrainingOptions(steps: 3, batch: 1, learningRate: 0.1, optimizer: .adamW, weightDecay: 0.5, seed: 0)
        let optimizer = Optimizer(parameters, options)
        let start = randomFloats(7, seed: 1)
        let weights = FloatBuffer(start)
        var (expected, m, v) = (start.map(Double.init), [Double](repeating: 0, count: 7), [Double](repeating: 0, count: 7))
        for step in 0..<3 {
            let gradient = randomFloats(7, seed: UInt64(20 + step))
            optimizer.update(
                weights, gradient: FloatBuffer(gradient), gradientScale: 0.5, step: step, learningRate: 0.1,
                workers: .caller)
            for i in 0..<7 {
                let g = 0.5 * Double(gradient[i])
                m[i] = 0.9 * m[i] + 0.1 * g
                v[i] = 0.95 * v[i] + 0.05 * g * g
                let (mHat, vHat) = (m[i] / (1 - pow(0.9, Double(step + 1))), v[i] / (1 - pow(0.95, Double(step + 1))))
                expected[i] -= 0.1 * mHat / (vHat.squareRoot() + 1e-8) + (i < 4 ? 0.1 * 0.5 * expected[i] : 0)
            }
        }
        for (found, expected) in zip(weights.values, expected) { #expect(abs(Double(found) - expected) < 1e-5) }
    }

    @Test(arguments: [(12, 20), (20, 12), (16, 16)])
    func muonDirectionIsNearlyOrthogonalAndKeepsSingularVectors(rows: Int, columns: Int) {
        let original = randomFloats(rows * columns, seed: 3)
        let matrix = FloatBuffer(original)
        let direction = withExtendedLifetime(matrix) {
            let found = Muon.orthogonalize(matrix.base, rows: rows, columns: columns)
            return Array(UnsafeBufferPointer(start: found, count: rows * columns))
        }
        // The mean of the squared singular values lies in Newton–Schulz's band around one.
        let meanSquare = direction.reduce(0.0) { $0 + Double($1) * Double($1) } / Double(min(rows, columns))
        #expect(meanSquare > 0.6 && meanSquare < 1.35)
        // ⟨X, M⟩ is nearly the sum of M's singular values, which is well above their root sum of squares.
        let alignment = weighted(direction, original)
        let norm = original.reduce(0.0) { $0 + Double($1) * Double($1) }.squareRoot()
        #expect(alignment > norm * 1.5)
    }
}
