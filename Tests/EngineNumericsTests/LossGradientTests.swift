import Testing

@testable import Engine

@Suite("Losses and their gradients")
struct LossGradientTests {
    private static let vocabulary = 21

    private static func teacher(k: Int) -> TeacherLogits {
        let logits = randomFloats(vocabulary, seed: 31, scale: 2)
        let order = (0..<vocabulary).sorted { (logits[$1], $0) < (logits[$0], $1) }.prefix(k)
        let sum = logits.reduce(0.0) { $0 + PortableMath.exp(Double($1)) }
        return TeacherLogits(
            k: k, topTokens: order.map(Int32.init), topLogits: order.map { logits[$0] },
            logSumExp: [Float(PortableMath.log(sum))])
    }

    /// The token 4 behind a prompt of one.
    private static func target(k: Int) -> LossTarget {
        LossTarget(example: TrainingExample(tokens: [0, 4], promptLength: 1, teacher: teacher(k: k)), position: 0)
    }

    private func evaluate(_ loss: TransferLoss, _ logits: [Float], k: Int, scale: Float = 1) -> (loss: Double, gradient: [Float]) {
        let buffer = FloatBuffer(logits)
        return withExtendedLifetime(buffer) {
            let value = loss.replaceByGradient(
                buffer.base, vocabularySize: logits.count, target: Self.target(k: k), scale: scale)
            return (value, buffer.values)
        }
    }

    @Test("Every mixture and temperature", arguments: [
        TransferLoss.crossEntropy, TransferLoss([.init(.forwardKL, weight: 1)]),
        TransferLoss([.init(.forwardKL, weight: 0.5), .init(.crossEntropy, weight: 0.5)]),
        TransferLoss([.init(.forwardKL, weight: 0.9), .init(.crossEntropy, weight: 0.1)], temperature: 2),
    ], [1, 5, 21])
    func gradient(loss: TransferLoss, k: Int) {
        let logits = randomFloats(Self.vocabulary, seed: 30, scale: 2)
        expectGradient(evaluate(loss, logits, k: k).gradient, of: { evaluate(loss, $0, k: k).loss }, at: logits)
        let halved = evaluate(loss, logits, k: k, scale: 0.5).gradient
        #expect(zip(halved, evaluate(loss, logits, k: k).gradient).allSatisfy { abs($0 - 0.5 * $1) < 1e-6 })
    }

    @Test("The KL of a student equal to its teacher is zero")
    func equalDistributions() {
        let logits = randomFloats(Self.vocabulary, seed: 31, scale: 2)
        let found = evaluate(TransferLoss([.init(.forwardKL, weight: 1)]), logits, k: 5)
        #expect(abs(found.loss) < 1e-6)
        #expect(found.gradient.allSatisfy { abs($0) < 1e-6 })
    }

    @Test("With all tokens stored, the lumped KL is the full one")
    func fullKL() {
        let student = randomFloats(Self.vocabulary, seed: 33)
        let teacher = randomFloats(Self.vocabulary, seed: 31, scale: 2)
        func logProbabilities(_ logits: [Float]) -> [Double] {
            let sum = logits.reduce(0.0) { $0 + PortableMath.exp(Double($1)) }
            return logits.map { Double($0) - PortableMath.log(sum) }
        }
        let expected = zip(logProbabilities(teacher), logProbabilities(student)).reduce(0.0) {
            $0 + PortableMath.exp($1.0) * ($1.0 - $1.1)
        }
        let found = evaluate(TransferLoss([.init(.forwardKL, weight: 1)]), student, k: Self.vocabulary).loss
        #expect(abs(found - expected) < 1e-5)
    }
}
