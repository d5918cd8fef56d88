import Testing
import Words

@testable import Engine

struct LossGradientTests {
    private static let vocabulary = 21

    private static func teacher(k: Int) -> TeacherLogits {
        LossReferenceTests.teacher(randomFloats(vocabulary, seed: 31, scale: 2), k: k)
    }

    /// The token 4 behind a prompt of one.
    private static func target(k: Int) -> LossTarget {
        LossTarget(example: TrainingExample(tokens: [0, 4], promptLength: 1, teacher: teacher(k: k)), position: 0)
    }

    private func evaluate(_ loss: TransferLoss, _ logits: [Float], k: Int, scale: Float = 1) -> (
        loss: Double, gradient: [Float]
    ) {
        let buffer = FloatBuffer(logits)
        return withExtendedLifetime(buffer) {
            let value = loss.replaceByGradient(
                buffer.base, vocabularySize: logits.count, target: Self.target(k: k), scale: scale)
            return (value, buffer.values)
        }
    }

    @Test(
        arguments: [
            TransferLoss.crossEntropy, TransferLoss([.init(.forwardKL, weight: 1)]),
            TransferLoss([.init(.reverseKL, weight: 1)]),
            TransferLoss([.init(.jensenShannon, weight: 1, argument: 0.3)]),
            TransferLoss([.init(.totalVariation, weight: 1)]),
            TransferLoss([.init(.totalVariation, weight: 0.8), .init(.crossEntropy, weight: 0.2)], tail: .renormalize),
            TransferLoss([.init(.forwardKL, weight: 0.5), .init(.crossEntropy, weight: 0.5)]),
            TransferLoss(
                [.init(.reverseKL, weight: 0.5), .init(.jensenShannon, weight: 2, argument: 0.5)], tail: .renormalize),
            TransferLoss([.init(.forwardKL, weight: 0.9), .init(.crossEntropy, weight: 0.1)], temperature: 2),
            TransferLoss([.init(.reverseKL, weight: 0.9), .init(.crossEntropy, weight: 0.1)], temperature: 2),
            TransferLoss([.init(.jensenShannon, weight: 1, argument: 0.7)], temperature: 0.5),
        ], [1, 5, 21])
    func everyMixtureAndTemperature(loss: TransferLoss, k: Int) {
        let logits = randomFloats(Self.vocabulary, seed: 30, scale: 2)
        // A larger step crosses places where p = q; total variation has a kink there.
        let hasKinks = loss.terms.contains { $0.loss == .totalVariation }
        let step = hasKinks ? 1e-3 : loss.temperature < 1 ? 2e-3 : 1e-2
        expectGradient(evaluate(loss, logits, k: k).gradient, of: { evaluate(loss, $0, k: k).loss }, at: logits, step: step)
        let halved = evaluate(loss, logits, k: k, scale: 0.5).gradient
        #expect(zip(halved, evaluate(loss, logits, k: k).gradient).allSatisfy { abs($0 - 0.5 * $1) < 1e-6 })
    }

    /// Adaptive KL's weights are constants: its gradient is that of the mixture which they make at this place.
    @Test(
        arguments: [0.2, 0.5, 0.9], [1, 5, 21])
    func adaptiveKLWeighsForwardAndReverseByTheGapsOfHeadAndTail(mu: Double, k: Int) {
        let logits = randomFloats(Self.vocabulary, seed: 30, scale: 2)
        let (p, q) = (Self.lumped(randomFloats(Self.vocabulary, seed: 31, scale: 2), k), Self.lumped(logits, k))
        var gaps = (head: 0.0, tail: 0.0)
        var reached = 0.0
        for (place, (p, q)) in zip(p, q).enumerated() {
            reached += p
            if place == 0 || reached <= mu { gaps.head += abs(p - q) } else { gaps.tail += abs(p - q) }
        }
        let head = gaps.head / (gaps.head + gaps.tail)
        let mixture = TransferLoss([.init(.forwardKL, weight: head), .init(.reverseKL, weight: 1 - head)])
        let found = evaluate(TransferLoss([.init(.adaptiveKL, weight: 1, argument: mu)]), logits, k: k)
        let expected = evaluate(mixture, logits, k: k)
        #expect(abs(found.loss - expected.loss) < 1e-6 * expected.loss)
        #expect(zip(found.gradient, expected.gradient).allSatisfy { abs($0 - $1) < 1e-6 })
        expectGradient(found.gradient, of: { evaluate(mixture, $0, k: k).loss }, at: logits)
    }

    /// The teacher's k most probable tokens and a bucket, for both.
    private static func lumped(_ logits: [Float], _ k: Int) -> [Double] {
        let sum = logits.reduce(0.0) { $0 + PortableMath.exp(Double($1)) }
        let kept = teacher(k: k).topTokens.map { PortableMath.exp(Double(logits[Int($0)])) / sum }
        return kept + (k < vocabulary ? [1 - kept.reduce(0, +)] : [])
    }

    /// The token that crosses μ is of the tail; the first is of the head, however large it is.
    @Test func theHeadHasAtMostMuTogetherAndTheFirstToken() {
        let teacher = [0.5, 0.3, 0.2].map { PortableMath.log($0) }
        let student = [0.2, 0.3, 0.5].map { PortableMath.log($0) }
        func value(_ mu: Double) -> Double {
            var gradient = [0.0, 0, 0]
            let pair = DistributionPair(teacher: teacher, student: student)
            return pair.add(LossTerm(.adaptiveKL, argument: mu), weight: 1, to: &gradient)
        }
        // Gaps 0.3, 0, 0.3: the head has the first of them as soon as it is not empty, and the second at μ = 1 alone.
        let (forward, reverse) = (value(1), value(0))
        for mu in [0.01, 0.4, 0.6, 0.79, 0.9, 0.99] {
            #expect(abs(value(mu) - (forward + reverse) / 2) < 1e-12, "\(mu)")
        }
    }

    @Test(arguments: [1, 5, 21], [1.0, 2.0])
    func jensenShannonEndsAtForwardAndReverseKL(k: Int, temperature: Double) {
        let logits = randomFloats(Self.vocabulary, seed: 30, scale: 2)
        func both(_ loss: Loss, _ argument: Double? = nil) -> (Double, [Float]) {
            evaluate(TransferLoss([.init(loss, weight: 0.5, argument: argument)], temperature: temperature), logits, k: k)
        }
        #expect(both(.jensenShannon, 0) == both(.forwardKL))
        #expect(both(.jensenShannon, 1) == both(.reverseKL))
        #expect(both(.jensenShannon, 0).0 > 0)
    }

    @Test(arguments: [1, 5, 21], [1.0, 2.0])
    func adaptiveKLEndsAtForwardAndReverseKL(k: Int, temperature: Double) {
        let logits = randomFloats(Self.vocabulary, seed: 30, scale: 2)
        func both(_ loss: Loss, _ argument: Double? = nil) -> (Double, [Float]) {
            evaluate(TransferLoss([.init(loss, weight: 0.5, argument: argument)], temperature: temperature), logits, k: k)
        }
        #expect(both(.adaptiveKL, 1) == both(.forwardKL))
        #expect(both(.adaptiveKL, 0) == both(.reverseKL))
        #expect(k == 1 && temperature == 2 || both(.forwardKL) != both(.reverseKL))
    }

    @Test(
        arguments: [
            Loss.forwardKL, .reverseKL, .jensenShannon, .adaptiveKL,
        ])
    func aStudentEqualToItsTeacherHasNoLoss(loss: Loss) {
        let logits = randomFloats(Self.vocabulary, seed: 31, scale: 2)
        let found = evaluate(TransferLoss([.init(loss, weight: 1)]), logits, k: 5)
        #expect(abs(found.loss) < 1e-6)
        #expect(found.gradient.allSatisfy { abs($0) < 1e-6 })
    }

    /// Lumping can only hide differences: what it gives rises to the whole loss as more tokens are stored.
    @Test(
        arguments: [
            Loss.forwardKL, .reverseKL, .jensenShannon,
        ])
    func asKGrowsTheLumpedLossBecomesTheFullOne(loss: Loss) {
        let student = randomFloats(Self.vocabulary, seed: 33)
        let values = (1...Self.vocabulary).map { evaluate(TransferLoss([.init(loss, weight: 1)]), student, k: $0).loss }
        let full = Self.divergence(loss, randomFloats(Self.vocabulary, seed: 31, scale: 2), student)
        #expect(abs(values[Self.vocabulary - 1] - full) < 1e-6)
        #expect(zip(values, values.dropFirst()).allSatisfy { $0 <= $1 + 1e-6 })
        #expect(values[0] < 0.9 * full)
        #expect(abs(values[14] - full) < abs(values[3] - full))
    }

    /// Over the whole vocabulary, by the definition.
    private static func divergence(_ loss: Loss, _ teacher: [Float], _ student: [Float]) -> Double {
        let (p, q) = (lumped(teacher, vocabulary), lumped(student, vocabulary))
        func kl(_ a: [Double], _ b: [Double]) -> Double { zip(a, b).reduce(0) { $0 + $1.0 * PortableMath.log($1.0 / $1.1) } }
        let middle = zip(p, q).map { 0.5 * $0 + 0.5 * $1 }
        return switch loss {
        case .forwardKL: kl(p, q)
        case .reverseKL: kl(q, p)
        default: 0.5 * kl(p, middle) + 0.5 * kl(q, middle)
        }
    }

    @Test(arguments: [1.0, 2.0])
    func eachOfSeveralTeachersHasItsShare(temperature: Double) {
        let logits = randomFloats(Self.vocabulary, seed: 30, scale: 2)
        let terms: [LossTerm] = [.init(.reverseKL, weight: 0.7), .init(.crossEntropy, weight: 0.4)]
        var both = Self.target(k: 5).example
        both.teachers.append(LossReferenceTests.teacher(randomFloats(Self.vocabulary, seed: 35, scale: 2), k: 7))
        func evaluate(_ teachers: [TeacherLogits], _ weights: [Double]) -> (Double, [Float]) {
            var example = both
            example.teachers = teachers
            let loss = TransferLoss(terms, temperature: temperature, teacherWeights: weights)
            let buffer = FloatBuffer(logits)
            return withExtendedLifetime(buffer) {
                let target = LossTarget(example: example, position: 0)
                let value = loss.replaceByGradient(buffer.base, vocabularySize: logits.count, target: target, scale: 1)
                return (value, buffer.values)
            }
        }
        let (mixed, gradient) = evaluate(both.teachers, [0.25, 0.75])
        let alone = both.teachers.map { evaluate([$0], [1]) }
        #expect(abs(mixed - (0.25 * alone[0].0 + 0.75 * alone[1].0)) < 1e-6)
        for (place, found) in gradient.enumerated() {
            #expect(abs(found - (0.25 * alone[0].1[place] + 0.75 * alone[1].1[place])) < 1e-6)
        }
        #expect(abs(alone[0].0 - alone[1].0) > 0.1)
        let loss = TransferLoss(terms, temperature: temperature, teacherWeights: [0.25, 0.75])
        #expect(loss.objection(to: both, vocabulary: 0..<21) == nil)
        #expect(loss.objection(to: Self.target(k: 5).example, vocabulary: 0..<21)?.contains("1 teachers") == true)
    }

    @Test(
        arguments: [
            TransferLoss([]), TransferLoss([.init(.forwardKL, weight: 1)], temperature: 2, tail: .lump),
            TransferLoss([.init(.jensenShannon, weight: 1, argument: 1.5)]),
            TransferLoss([.init(.adaptiveKL, weight: 1, argument: -1)]),
            TransferLoss([.init(.forwardKL, weight: 1)], temperature: 0),
            TransferLoss([.init(.crossEntropy, weight: 1)], promptShare: 1.5),
        ])
    func settingsThatMakeNoSenseAreRefused(loss: TransferLoss) {
        #expect(throws: TrainingError.self) { try loss.check() }
    }

    @Test func logitsThatAreNotNumbersGiveALossThatIsNotANumber() {
        let logits = [Float](repeating: .nan, count: Self.vocabulary)
        #expect(evaluate(TransferLoss([.init(.reverseKL, weight: 1)]), logits, k: 5).loss.isNaN)
    }
}
