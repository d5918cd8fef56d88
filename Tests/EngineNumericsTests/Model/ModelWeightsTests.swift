import Testing

@testable import Engine

struct ModelWeightsTests {
    @Test func copiesShareMemoryUntilOneIsWritten() throws {
        let model = try Fixture.model()
        var changed = model
        #expect(changed.values.buffer === model.values.buffer)
        let norm = try #require(model.parameter(named: "model.norm.weight"))
        let before = model.weights(of: norm)
        try changed.setWeights(before.map { $0 + 1 }, of: norm)
        #expect(changed.values.buffer !== model.values.buffer)
        #expect(model.weights(of: norm) == before && changed.weights(of: norm) == before.map { $0 + 1 })
        #expect(changed.values != model.values)
        let memory = changed.values.buffer.base
        try changed.setWeights(before, of: norm)
        #expect(changed.values.buffer.base == memory, "written in place where nobody else has it")
        #expect(changed.values == model.values)
    }

    /// Reading a model takes no second copy of it; what a pass changes on its way is its own.
    @Test func decodersReadTheModelMemoryAndAWritingPassHasItsOwn() throws {
        let model = InferenceModel(try Fixture.model())
        let workers = WorkerPool(threads: 1)
        #expect(model.decoder(positions: 8, workers: workers).weights === model.model.values.buffer)
        let sequences = Fixture.examples(4).map(\.tokens)
        #expect(try CalibrationPass(model, sequences, workers: workers).decoder.weights === model.model.values.buffer)
        let before = model.model.values.copied()
        let name = "model.layers.0.self_attn.v_proj.weight"
        let parameter = try #require(model.model.parameter(named: name))
        try QuantizedPrefix(model, sequences, workers: workers)
            .replace(name, with: [Float](repeating: 0, count: parameter.count))
        _ = try LayerwisePruning(
            model, choosing: .reconstruction(intermediate: 20, keyValueHeads: 1, damping: 0.01), on: sequences, workers: workers
        ).run()
        #expect(model.model.values == before)
    }
}
