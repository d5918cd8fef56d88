import CanonicalJSON
import Foundation
import Testing
import Words

@testable import Engine

/// Losses and gradients that PyTorch gives in double precision; `scripts/reference/loss_reference.py` writes them and says what
/// they are of.
///
/// Values agree within 1e-6. Gradients are stored as float32: each within 1e-6 of the largest, and of itself within four of
/// float32's steps where it is not that of rounding alone.
struct LossReferenceTests {
    private static let size = 1000
    private static let target = 17

    private static func reference() throws -> JSON {
        try referenceFile("losses.json")
    }

    private static func logits(_ row: Int) -> [Float] {
        (0..<size).map { Float((7919 * $0 + 104_729 * row) % 2003 - 1001) / 256 }
    }

    /// The teacher's stored logits, from those of a whole row.
    static func teacher(_ logits: [Float], k: Int) -> TeacherLogits {
        let buffer = FloatBuffer(logits)
        return withExtendedLifetime(buffer) {
            var teacher = TeacherLogits(k: k)
            teacher.append(buffer.base, positions: 1, vocabularySize: logits.count)
            return teacher
        }
    }

    private static let mixtures: [String: [LossTerm]] = [
        "CE": [.init(.crossEntropy, weight: 1)], "FKL": [.init(.forwardKL, weight: 1)], "RKL": [.init(.reverseKL, weight: 1)],
        "JSD(0.3)": [.init(.jensenShannon, weight: 1, argument: 0.3)],
        "JSD(0)": [.init(.jensenShannon, weight: 1, argument: 0)], "JSD(1)": [.init(.jensenShannon, weight: 1, argument: 1)],
        "TVD": [.init(.totalVariation, weight: 1)],
        "AKL(0)": [.init(.adaptiveKL, weight: 1, argument: 0)], "AKL(1)": [.init(.adaptiveKL, weight: 1, argument: 1)],
        "AKL(0.01)": [.init(.adaptiveKL, weight: 1, argument: 0.01)],
        "AKL(0.5)": [.init(.adaptiveKL, weight: 1, argument: 0.5)],
        "AKL(0.9)": [.init(.adaptiveKL, weight: 1, argument: 0.9)],
        "0.5AKL(0.5)+0.3JSD(0.75)+0.2RKL+0.4CE": [
            .init(.adaptiveKL, weight: 0.5, argument: 0.5), .init(.jensenShannon, weight: 0.3, argument: 0.75),
            .init(.reverseKL, weight: 0.2), .init(.crossEntropy, weight: 0.4),
        ],
    ]

    @Test func everyMixtureStoredTokenCountTemperatureAndTail() throws {
        let cases = try #require(try Self.reference()["losses"]?.array)
        #expect(cases.count == 78)
        for expected in cases {
            let name = try #require(expected["mixture"]?.string)
            let k = try #require(expected["k"]?.integer)
            let label: Comment = "\(name), \(k) tokens, temperature \(expected["temperature"]?.double ?? 0)"
            let loss = TransferLoss(
                try #require(Self.mixtures[name]), temperature: try #require(expected["temperature"]?.double),
                tail: expected["tail"] == "lump" ? .lump : .renormalize)
            let example = TrainingExample(
                tokens: [0, Int32(Self.target)], promptLength: 1, teacher: Self.teacher(Self.logits(2), k: k))
            let buffer = FloatBuffer(Self.logits(1))
            let value = withExtendedLifetime(buffer) {
                loss.replaceByGradient(
                    buffer.base, vocabularySize: Self.size, target: LossTarget(example: example, position: 0), scale: 1)
            }
            let known = try #require(expected["loss"]?.double)
            #expect(abs(value - known) <= 1e-6 * abs(known), label)
            let gradient = buffer.values.map(Double.init)
            let norm = try #require(expected["norm"]?.double)
            let largest = try #require(expected["largest"]?.double)
            #expect(abs(gradient.reduce(0) { $0 + $1 * $1 }.squareRoot() - norm) <= 1e-6 * norm, label)
            let places = try #require(expected["places"]?.array).compactMap(\.integer)
            let values = try #require(expected["values"]?.array).compactMap(\.double)
            for (place, known) in zip(places, values) {
                #expect(abs(gradient[place] - known) <= 1e-6 * largest, label)
                #expect(abs(gradient[place] - known) <= 1e-6 * abs(known) + 1e-9 * largest, label)
            }
            for (bit, sum) in try #require(expected["sums"]?.array).compactMap(\.double).enumerated() {
                let found = gradient.enumerated().reduce(0.0) { total, item in
                    total + ((2_654_435_761 &* item.offset) >> (16 + bit) & 1 == 0 ? item.element : -item.element)
                }
                #expect(abs(found - sum) <= 2e-6 * norm, label)
            }
        }
    }

    @Test func preferenceLossMarginsAndGradientsWithin1e4() throws {
        let expected = try #require(try Self.reference()["preference"])
        let beta = try #require(expected["beta"]?.double)
        let rows = TrainingReferenceTests.examples
        let policy = try TrainingReferenceTests.model("qwen2")
        let workers = WorkerPool(threads: 2)
        func decoder(_ model: Model) -> Decoder {
            Decoder(model.layout, weights: model.values.buffer.copy(), positions: 128, workers: workers)
        }
        let reference = PreferenceTrainer.preferences(
            decoder(try TrainingReferenceTests.model("qwen2", shift: 50)).responseLogProbabilities(rows))
        let found = PreferenceTrainer.preferences(decoder(policy).responseLogProbabilities(rows))
        let margins = zip(found, reference).map { beta * ($0 - $1) }
        let known = try #require(expected["margins"]?.array).compactMap(\.double)
        #expect(margins.count == 6)
        #expect(zip(margins, known).allSatisfy { abs($0 - $1) < 2e-5 })
        let loss = margins.reduce(0) { $0 + PreferenceTrainer.loss(margin: $1) } / 6
        #expect(abs(loss - (try #require(expected["loss"]?.double))) < 1e-5)

        let pass = GradientPass(parameterCount: policy.parameterCount, keeping: .everything)
        let tokens = rows.reduce(0) { $0 + $1.responseLength }
        let coefficients = PreferenceTrainer.coefficients(margins: margins, beta: beta, rows: rows)
        _ = pass.run(
            rows, decoder: decoder(policy), loss: LikelihoodLoss(coefficients: coefficients), scale: 1 / Float(tokens),
            .replacing
        )
        let gradients = pass.gradient.values
        for parameter in policy.parameters {
            let expected = try #require(expected["gradients"]?[parameter.name], "\(parameter.name)")
            try TrainingReferenceTests.compare(
                gradients[parameter.range].map(Double.init), with: expected, "\(parameter.name)")
        }
    }
}
