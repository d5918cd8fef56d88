import CanonicalJSON
import Foundation
import Testing

@testable import Engine

/// What PyTorch gives in double precision; `scripts/reference/policy_reference.py` writes it and says what it is of.
struct PolicyLossTests {
    private static let vocabulary = 11

    private static func reference(_ part: String) throws -> [JSON] {
        try #require(try referenceFile("policy.json")[part]?.array)
    }

    private func evaluate(
        _ loss: PolicyLoss, _ logits: [Float], token: Int32, _ rollout: RolloutSignal, scale: Float = 1
    ) -> (loss: Double, gradient: [Float]) {
        var example = TrainingExample(tokens: [0, token], promptLength: 1)
        example.rollout = rollout
        let buffer = FloatBuffer(logits)
        return withExtendedLifetime(buffer) {
            let value = loss.replaceByGradient(
                buffer.base, vocabularySize: logits.count, target: LossTarget(example: example, position: 0), scale: scale)
            return (value, buffer.values)
        }
    }

    @Test func valuesAndGradientsAgreeInsideAndOutsideTheClip() throws {
        var silent = 0
        for entry in try Self.reference("losses") {
            let loss = PolicyLoss(
                clip: try #require(entry["clip"]?.double), kl: try #require(entry["kl"]?.double),
                temperature: try #require(entry["temperature"]?.double))
            for (place, expected) in (entry["places"]?.array ?? []).enumerated() {
                let logits = (0..<Self.vocabulary).map { Float(Double((7919 * $0 + 104_729 * place) % 2003) / 2003 * 6 - 3) }
                let rollout = RolloutSignal(
                    advantage: try #require(expected["advantage"]?.double),
                    logProbabilities: [Float(try #require(expected["old"]?.double))],
                    referenceLogProbabilities: [Float(try #require(expected["reference"]?.double))])
                let token = Int32(try #require(expected["token"]?.integer))
                let found = evaluate(loss, logits, token: token, rollout)
                let gradient = try #require(expected["gradient"]?.array).compactMap(\.double)
                #expect(abs(found.loss - (try #require(expected["loss"]?.double))) < 1e-6)
                #expect(gradient.count == Self.vocabulary)
                #expect(zip(found.gradient, gradient).allSatisfy { abs(Double($0) - $1) < 1e-6 }, "\(entry) place \(place)")
                if gradient.allSatisfy({ $0 == 0 }) { silent += 1 }
                let halved = evaluate(loss, logits, token: token, rollout, scale: 0.5).gradient
                #expect(zip(halved, found.gradient).allSatisfy { abs($0 - 0.5 * $1) < 1e-6 })
            }
        }
        // Two clipped places of each loss without a divergence, and the one whose advantage is 0.
        #expect(silent == 6)
    }

    @Test(arguments: [1, 0.7], [0, 0.5])
    func theGradientIsThatOfTheValue(temperature: Double, kl: Double) {
        let logits = randomFloats(21, seed: 40, scale: 2)
        let loss = PolicyLoss(clip: 0.5, kl: kl, temperature: temperature)
        let memory = FloatBuffer(logits)
        let now = withExtendedLifetime(memory) {
            TokenDistribution(memory.base, vocabularySize: 21, temperature: temperature).logProbability(of: 4)
        }
        for advantage in [1.3, -0.4] {
            let rollout = RolloutSignal(
                advantage: advantage, logProbabilities: [Float(now) - 0.1], referenceLogProbabilities: [Float(now) + 0.7])
            expectGradient(
                evaluate(loss, logits, token: 4, rollout).gradient,
                of: { evaluate(loss, $0, token: 4, rollout).loss }, at: logits)
        }
    }

    @Test func advantagesAgreeWithTheReference() throws {
        for batch in try Self.reference("batches") {
            let rewards = try #require(batch["rewards"]?.array).compactMap(\.double)
            let size = try #require(batch["size"]?.integer)
            let expected = try #require(batch["advantages"]?.array)
            let found = Advantages(of: rewards, groupSize: size)
            #expect(found.values.count == expected.count && rewards.count == expected.count)
            for (value, wanted) in zip(found.values, expected) {
                #expect((value == nil) == (wanted == .null))
                if let value, let wanted = wanted.double { #expect(abs(value - wanted) < 1e-9) }
            }
            #expect(found.skippedGroups * size == expected.count { $0 == .null })
        }
    }

    @Test func promptsWithoutSpreadChangeNoOtherAdvantage() {
        let alone = Advantages(of: [1, 2, -1, 2], groupSize: 2)
        let among = Advantages(of: [2, 2, 1, 2, -1, -1, -1, 2], groupSize: 2)
        #expect([among.values[2], among.values[3], among.values[6], among.values[7]] == alone.values)
        #expect(among.skippedGroups == 2 && alone.skippedGroups == 0)
        #expect(Advantages(of: [], groupSize: 4) == Advantages(of: [], groupSize: 1))
    }

    @Test func rowsWithoutARolloutOrLogProbabilitiesAreRefused() {
        var example = TrainingExample(tokens: [0, 1, 2], promptLength: 1)
        let loss = PolicyLoss(clip: 0.2, kl: 0.1)
        #expect(loss.objection(to: example, vocabulary: 0..<3)?.contains("no rollout") == true)
        example.rollout = RolloutSignal(advantage: 1, logProbabilities: [0, 0])
        #expect(loss.objection(to: example, vocabulary: 0..<3)?.contains("of 0 tokens") == true)
        #expect(PolicyLoss(clip: 0.2, kl: 0).objection(to: example, vocabulary: 0..<3) == nil)
        example.rollout?.logProbabilities = [0]
        #expect(PolicyLoss(clip: 0.2, kl: 0).objection(to: example, vocabulary: 0..<3)?.contains("of 1 tokens") == true)
        for wrong in [PolicyLoss(clip: 0, kl: 0), PolicyLoss(clip: 0.2, kl: -1), PolicyLoss(clip: 0.2, kl: 0, temperature: 0)] {
            #expect(throws: TrainingError.self) { try wrong.check() }
        }
    }
}
