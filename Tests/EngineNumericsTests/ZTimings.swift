import Foundation
import Testing

@testable import Engine

@Suite struct ZTimings {
    @Test func timing() {
        for (size, k) in [(512, 16), (49_152, 64), (151_936, 64)] {
            let student = (0..<size).map { Float((7919 * $0) % 2003 - 1001) / 256 }
            let teacher = LossReferenceTests.teacher((0..<size).map { Float((7907 * $0 + 5) % 2003 - 1001) / 128 }, k: k)
            let example = TrainingExample(tokens: [0, 17], promptLength: 1, teacher: teacher)
            let buffer = FloatBuffer(student)
            for (name, loss) in [
                ("CE", TransferLoss.crossEntropy), ("FKL", TransferLoss([.init(.forwardKL, weight: 1)])),
                ("0.5AKL+0.5CE", TransferLoss([.init(.adaptiveKL(mu: 0.5), weight: 0.5), .init(.crossEntropy, weight: 0.5)])),
                ("JSD t2", TransferLoss([.init(.jensenShannon(beta: 0.5), weight: 1)], temperature: 2)),
                ("AKL+CE t2", TransferLoss([.init(.adaptiveKL(mu: 0.5), weight: 0.5), .init(.crossEntropy, weight: 0.5)], temperature: 2)),
            ] {
                var best = Double.infinity
                var value = 0.0
                for _ in 0..<15 {
                    let repeats = max(1, 400_000 / size)
                    let start = ContinuousClock.now
                    for _ in 0..<repeats {
                        buffer.replace(with: student)
                        value = loss.replaceByGradient(
                            buffer.base, vocabularySize: size, target: LossTarget(example: example, position: 0), scale: 1)
                    }
                    let time = (ContinuousClock.now - start) / repeats
                    best = min(best, Double(time.components.attoseconds) * 1e-12)
                }
                print("TIMING", size, k, name, String(format: "%.2f us", best), value)
            }
        }
    }
}
