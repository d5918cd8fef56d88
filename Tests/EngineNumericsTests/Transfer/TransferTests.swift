import Testing

@testable import Engine

struct TransferTests {
    @Test func theLargestLogitsInOrderWithExactProbabilitiesAtAnyThreadCount() throws {
        let model = InferenceModel(try Fixture.model())
        let examples = Fixture.examples(37)
        let captured = try model.captureLogits(examples, k: 5, workers: WorkerPool(threads: 1))
        #expect(try model.captureLogits(examples, k: 5, workers: WorkerPool(threads: 2)) == captured)
        let full = try model.captureLogits(examples, k: 100, workers: WorkerPool(threads: 2))
        for (example, (few, all)) in zip(examples, zip(captured, full)) {
            #expect(few.positionCount == example.responseLength)
            #expect(all.k == 37)
            for position in 0..<few.positionCount {
                let logits = Array(all.topLogits[position * 37..<position * 37 + 37])
                #expect(logits == logits.sorted(by: >))
                #expect(Array(few.topLogits[position * 5..<position * 5 + 5]) == Array(logits[..<5]))
                #expect(Set(all.topTokens[position * 37..<position * 37 + 37]).count == 37)
                let sum = logits.reduce(0.0) { $0 + PortableMath.exp(Double($1 - all.logSumExp[position])) }
                #expect(abs(sum - 1) < 1e-5)
                let kept = few.topLogits[position * 5..<position * 5 + 5].reduce(0.0) {
                    $0 + PortableMath.exp(Double($1 - few.logSumExp[position]))
                }
                #expect(abs(kept + PortableMath.exp(Double(few.logRest[position])) - 1) < 1e-5)
                #expect(all.logRest[position] == -.infinity)
            }
        }
    }

    @Test func ofEqualLogitsTheLowerTokenComesFirst() throws {
        let model = InferenceModel(Model(zeros: try Fixture.configuration()))
        let captured = try model.captureLogits(Fixture.examples(1), k: 4, workers: WorkerPool(threads: 1))
        #expect(Array(captured[0].topTokens[..<4]) == [0, 1, 2, 3])
    }

    @Test(arguments: [1.0, 2.0])
    func aStudentComesCloserToItsTeacherWithEqualBytesAtAnyThreadCount(temperature: Double) throws {
        let teacher = InferenceModel(try Fixture.model(scale: 0.2))
        var examples = Fixture.examples(40)
        let logits = try teacher.captureLogits(examples, k: 8, workers: WorkerPool(threads: 2))
        for index in examples.indices { examples[index].teacher = logits[index] }
        let loss = TransferLoss([.init(.forwardKL, weight: 1)], temperature: temperature)
        let options = TrainingOptions(steps: 60, batch: 16, learningRate: 1e-2, seed: 2)
        let student = Model(initializing: try Fixture.configuration(layers: 1), seed: 1)
        var losses: [Double] = []
        let two = try Trainer(student, on: examples, loss: loss, options: options, workers: WorkerPool(threads: 2))
            .run { losses.append($0.loss) }
        let one = try Trainer(student, on: examples, loss: loss, options: options, workers: WorkerPool(threads: 1)).run()
        #expect(two.values == one.values)
        #expect(try #require(losses.last) < 0.75 * losses[0])
    }
}
