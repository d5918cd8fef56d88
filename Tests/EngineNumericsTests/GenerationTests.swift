import Testing

@testable import Engine

@Suite("Generation")
struct GenerationTests {
    private static let prompts: [[Int32]] = Fixture.examples(70).map { Array($0.tokens.prefix($0.promptLength)) }

    private func generate(
        _ model: InferenceModel, temperature: Double = 0, threads: Int = 2, seed: UInt64 = 0, stop: Int32? = 36
    ) throws -> [GeneratedSequence] {
        let options = GenerationOptions(maximumTokens: 9, stopToken: stop, temperature: temperature, seed: seed)
        return try model.generate(Self.prompts, options: options, workers: WorkerPool(threads: threads))
    }

    /// The next-token logits of a sequence, without a cache.
    private func logits(_ model: InferenceModel, _ tokens: [Int32]) -> [Float] {
        let decoder = model.decoder(positions: tokens.count, workers: .caller)
        let arena = Arena()
        var batch = PackedBatch()
        batch.append(tokens, predicting: tokens.count - 1..<tokens.count)
        return withExtendedLifetime((decoder, arena)) {
            let activations = Activations(decoder.configuration, batch, in: arena)
            decoder.forward(batch, activations)
            return Array(UnsafeBufferPointer(start: activations.logits, count: decoder.configuration.vocabularySize))
        }
    }

    @Test("Every greedy token is the most probable one of a full forward pass", arguments: [true, false])
    func greedy(bias: Bool) throws {
        let model = InferenceModel(try Fixture.model(tied: false, bias: bias))
        for (prompt, result) in zip(Self.prompts, try generate(model)) {
            var tokens = prompt
            #expect(result.tokens.count <= 9)
            for token in result.tokens + (result.isFinished ? [36] : []) {
                let logits = logits(model, tokens)
                let largest = try #require(logits.max())
                #expect(logits[Int(token)] >= largest - 1e-4)
                tokens.append(token)
            }
            #expect(result.isFinished || result.tokens.count == 9)
        }
    }

    @Test("A cached step gives the logits of a full forward pass")
    func cache() throws {
        let model = InferenceModel(try Fixture.model())
        let decoder = model.decoder(positions: 16, workers: .caller)
        let tokens: [Int32] = [3, 1, 4, 1, 5, 9, 2, 6]
        let (arena, cache, scores) = (Arena(), KeyValueCache(decoder.configuration, capacity: 16), FloatBuffer(count: 16))
        withExtendedLifetime((decoder, arena, cache, scores)) {
            var batch = PackedBatch()
            batch.append(tokens[..<3], predicting: 2..<3)
            decoder.prefill(batch, Activations(decoder.configuration, batch, in: arena), caches: [cache])
            for position in 3..<tokens.count {
                var batch = PackedBatch()
                batch.append(token: tokens[position], at: position)
                let activations = Activations(decoder.configuration, batch, in: arena)
                decoder.decode(batch, activations, caches: [cache], scores: scores.base)
                let expected = logits(model, Array(tokens[...position]))
                for (token, value) in expected.enumerated() { #expect(abs(activations.logits[token] - value) < 1e-4) }
            }
        }
    }

    @Test("The same tokens at 1, 2 and 3 threads", arguments: [0, 0.8])
    func threads(temperature: Double) throws {
        let model = InferenceModel(try Fixture.model())
        let alone = try generate(model, temperature: temperature, threads: 1)
        #expect(try generate(model, temperature: temperature, threads: 2) == alone)
        #expect(try generate(model, temperature: temperature, threads: 3) == alone)
    }

    @Test("An answer does not depend on the other prompts")
    func independence() throws {
        let model = InferenceModel(try Fixture.model())
        let together = try generate(model)
        let options = GenerationOptions(maximumTokens: 9, stopToken: 36)
        for (prompt, result) in zip(Self.prompts, together).prefix(10) {
            #expect(try model.generate([prompt], options: options, workers: WorkerPool(threads: 1)) == [result])
        }
    }

    @Test("Samples follow the seed, and the softmax")
    func sampling() throws {
        let model = InferenceModel(try Fixture.model())
        #expect(try generate(model, temperature: 1, seed: 1) != generate(model, temperature: 1, seed: 2))
        let choice = TokenChoice(vocabularySize: 3, temperature: 1, seed: 9)
        var counts = [0, 0, 0]
        for sequence in 0..<4000 {
            let logits = FloatBuffer([0, Float(PortableMath.log(2)), Float(PortableMath.log(5))])
            let token = withExtendedLifetime(logits) { choice.choose(logits.base, sequence: sequence, position: 0) }
            counts[Int(token)] += 1
        }
        for (count, share) in zip(counts, [0.125, 0.25, 0.625]) { #expect(abs(Double(count) / 4000 - share) < 0.025) }
    }

    @Test("The limit of positions ends an answer")
    func positions() throws {
        let model = InferenceModel(try Fixture.model())
        let options = GenerationOptions(maximumTokens: .max, stopToken: nil)
        let results = try model.generate([[1, 2, 3], [4]], options: options, workers: WorkerPool(threads: 1))
        #expect(results.map(\.tokens.count) == [62, 64])
    }

    @Test("Prompts that the model cannot read are refused by number")
    func badPrompts() throws {
        let model = InferenceModel(try Fixture.model())
        let options = GenerationOptions(maximumTokens: 1, stopToken: nil)
        for prompt in [[], [37], Array(repeating: 1, count: 65)] as [[Int32]] {
            let error = #expect(throws: GenerationError.self) {
                try model.generate([[1], prompt], options: options, workers: WorkerPool(threads: 1))
            }
            #expect(error?.description.hasPrefix("Sequence 2 ") == true)
        }
    }

    /// Floats behind the packed interface.
    private struct PlainMatrix: PackedMatrix {
        let rows: Int
        let columns: Int
        let values: [Float]

        func dequantize(rows: Range<Int>, into target: UnsafeMutablePointer<Float>) {
            for (place, value) in values[rows.lowerBound * columns..<rows.upperBound * columns].enumerated() {
                target[place] = value
            }
        }
    }

    @Test("Packed layers give what their floats give")
    func packed() throws {
        let model = try Fixture.model()
        let hidden = model.parameters.filter { $0.role == .hiddenMatrix }
        let matrices = hidden.map {
            ($0.name, PlainMatrix(rows: $0.shape[0], columns: $0.shape[1], values: Array(model.weights(of: $0))))
        }
        var emptied = model
        for parameter in hidden { try emptied.setWeights([Float](repeating: 0, count: parameter.count), of: parameter) }
        let packed = try InferenceModel(emptied, packed: Dictionary(uniqueKeysWithValues: matrices))
        for prompt in Self.prompts.prefix(5) {
            let (found, expected) = (logits(packed, prompt), logits(InferenceModel(model), prompt))
            #expect(zip(found, expected).allSatisfy { abs($0 - $1) < 1e-4 })
        }
        #expect(throws: ModelWeightsError.self) {
            try InferenceModel(model, packed: ["model.norm.weight": PlainMatrix(rows: 1, columns: 24, values: [])])
        }
    }
}
