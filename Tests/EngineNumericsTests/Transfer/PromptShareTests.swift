import Testing

@testable import Engine

/// A share of the loss runs over prompts and responses alike.
struct PromptShareTests {
    private static func loss(_ share: Double) -> TransferLoss {
        TransferLoss([.init(.reverseKL, weight: 0.5), .init(.crossEntropy, weight: 0.5)], promptShare: share)
    }

    /// Rows whose teacher's logits are those of all tokens but the first.
    private static func examples(_ count: Int, of span: TokenSpan) throws -> [TrainingExample] {
        var examples = Fixture.examples(count)
        let logits = try InferenceModel(Fixture.model(scale: 0.2))
            .captureLogits(examples, k: 8, of: span, workers: WorkerPool(threads: 2))
        for index in examples.indices { examples[index].teacher = logits[index] }
        return examples
    }

    private static func step(_ rows: [TrainingExample], _ loss: TransferLoss) throws -> (loss: Double, weights: ModelWeights) {
        let options = TrainingOptions(steps: 1, batch: 1, learningRate: 1e-2, optimizer: .adamW, warmup: 0, seed: 1)
        let learner = try Learner(Fixture.model(layers: 1), longest: 16, options: options, workers: WorkerPool(threads: 2))
        return (learner.advance(on: rows, loss: loss).loss, learner.model.values)
    }

    @Test func theLossWeighsWholeSequencesAgainstResponses() throws {
        let rows = try Self.examples(5, of: .sequence)
        // A prompt of one token makes all the others a response.
        let wholly = rows.map { TrainingExample(tokens: $0.tokens, promptLength: 1, teacher: $0.teacher) }
        let response = try Self.step(rows, Self.loss(0)).loss
        let sequence = try Self.step(wholly, Self.loss(0)).loss
        #expect(abs(response - sequence) > 0.01)
        for share in [0.05, 0.5, 1] {
            let found = try Self.step(rows, Self.loss(share)).loss
            #expect(abs(found - ((1 - share) * response + share * sequence)) < 1e-5, "\(share)")
        }
        let responses = rows.reduce(0) { $0 + $1.responseLength }
        let all = try Self.gradient(rows, Self.loss(1), scale: 1 / Float(responses))
        let whole = try Self.gradient(wholly, Self.loss(0), scale: 1 / Float(wholly.reduce(0) { $0 + $1.responseLength }))
        #expect(zip(all, whole).allSatisfy { abs($0 - $1) < 1e-6 })
        #expect(all.contains { abs($0) > 1e-2 })
    }

    private static func gradient(_ rows: [TrainingExample], _ loss: TransferLoss, scale: Float) throws -> [Float] {
        let model = try Fixture.model(layers: 1)
        let weights = model.values.buffer.copy()
        let decoder = Decoder(model.layout, weights: weights, positions: 64, workers: .caller)
        let pass = GradientPass(parameterCount: weights.count, keeping: .everything)
        return withExtendedLifetime((pass, decoder)) {
            _ = pass.run(
                rows, decoder: decoder, loss: loss, weights: PositionWeights(rows, promptShare: loss.promptShare), scale: scale,
                .replacing)
            return pass.gradient.values
        }
    }

    @Test func logitsOfWholeSequencesServeALossOverResponses() throws {
        let (few, all) = (try Self.examples(5, of: .response), try Self.examples(5, of: .sequence))
        #expect(few[0].teacher?.positionCount == few[0].responseLength)
        #expect(all[0].teacher?.positionCount == few[0].tokens.count - 1)
        #expect(try Self.step(few, Self.loss(0)).weights == Self.step(all, Self.loss(0)).weights)
    }

    @Test func aLossWithoutPromptLogitsIsRefused() throws {
        let rows = try Self.examples(3, of: .response)
        let options = TrainingOptions(steps: 1, batch: 1, learningRate: 1e-2, seed: 1)
        #expect(throws: TrainingError.self) {
            try Trainer(
                Fixture.model(), on: rows, loss: Self.loss(0.05), options: options, workers: WorkerPool(threads: 1))
        }
    }
}
