import Synchronization
import Testing

@testable import Engine

struct GenerationTests {
    static let prompts: [[Int32]] = Fixture.examples(70).map { Array($0.tokens.prefix($0.promptLength)) }

    private func generate(
        _ model: InferenceModel, temperature: Double = 0, threads: Int = 2, seed: UInt64 = 0, stop: Int32? = 36
    ) throws -> [GeneratedSequence] {
        let options = GenerationOptions(
            maximumTokens: 9, stopTokens: Set([stop].compactMap(\.self)), temperature: temperature, seed: seed)
        return try model.generate(Self.prompts, options: options, workers: WorkerPool(threads: threads))
    }

    /// The next-token logits of a sequence, without a cache.
    static func logits(_ model: InferenceModel, _ tokens: [Int32]) -> [Float] {
        let decoder = model.decoder(positions: tokens.count, workers: .caller)
        let arena = Arena()
        var batch = PackedBatch()
        batch.append(tokens, predicting: tokens.count - 1..<tokens.count)
        return withExtendedLifetime((decoder, arena)) {
            let activations = Activations(
                decoder.configuration, batch, keeping: .nothing, logitRows: batch.predictedRows.count, in: arena)
            decoder.hiddenStates(batch, activations)
            decoder.forEachLogits(batch, activations) { _ in }
            return Array(UnsafeBufferPointer(start: activations.logits, count: decoder.configuration.vocabularySize))
        }
    }

    @Test(arguments: ModelFamily.all)
    func greedyTokensAreTheMostProbableOfAFullForwardPass(family: ModelFamily) throws {
        let model = InferenceModel(try Fixture.model(tied: false, family: family))
        for (prompt, result) in zip(Self.prompts, try generate(model)) {
            var tokens = prompt
            #expect(result.tokens.count <= 9)
            for token in result.tokens + (result.isFinished ? [36] : []) {
                let logits = Self.logits(model, tokens)
                let largest = try #require(logits.max())
                #expect(logits[Int(token)] >= largest - 1e-4)
                tokens.append(token)
            }
            #expect(result.isFinished || result.tokens.count == 9)
        }
    }

    @Test(arguments: [0, 0.8])
    func answersAreEqualWithAnySlotsThreadsAndPromptTokensPerStep(temperature: Double) throws {
        let model = InferenceModel(try Fixture.model())
        let options = GenerationOptions(maximumTokens: 9, stopTokens: [36], temperature: temperature, seed: 3)
        let expected = try generate(model, temperature: temperature, threads: 1, seed: 3)
        for (places, stepTokens, threads) in [(1, 256, 1), (3, 1, 2), (5, 7, 3), (70, 3, 1), (1000, 1000, 2)] {
            let generator = Generator(
                model, workers: WorkerPool(threads: threads), places: places, promptTokensPerStep: stepTokens)
            #expect(try generator.generate(Self.prompts.map { GenerationPrompt($0) }, options: options) == expected)
        }
    }

    @Test func anAnswerDoesNotDependOnOtherPromptsOrTheirOrder() throws {
        let model = InferenceModel(try Fixture.model())
        let together = try generate(model)
        let options = GenerationOptions(maximumTokens: 9, stopTokens: [36])
        for (prompt, result) in zip(Self.prompts, together).prefix(10) {
            #expect(try model.generate([prompt], options: options, workers: WorkerPool(threads: 1)) == [result])
        }
        let order = Philox(seed: 1, purpose: .shuffling).permutation(Self.prompts.count)
        let shuffled = try model.generate(order.map { Self.prompts[$0] }, options: options, workers: WorkerPool(threads: 2))
        #expect(shuffled == order.map { together[$0] })
    }

    @Test func samplesOfOnePromptEqualTheRepeatedPrompt() throws {
        let model = InferenceModel(try Fixture.model())
        var options = GenerationOptions(maximumTokens: 9, stopTokens: [36], temperature: 1, seed: 4)
        let prompts = Array(Self.prompts.prefix(6))
        let repeated = try model.generate(
            prompts.flatMap { [$0, $0, $0] }, options: options, workers: WorkerPool(threads: 1))
        options.samples = 3
        #expect(try model.generate(prompts, options: options, workers: WorkerPool(threads: 2)) == repeated)
        #expect(repeated[0] != repeated[1])
    }

    @Test func finishedAnswersAreNotComputedAgainAndEachIsKeptOnce() throws {
        let model = InferenceModel(try Fixture.model())
        let whole = try generate(model)
        let kept = Mutex<[Int: GeneratedSequence]>([:])
        let invented = GeneratedSequence(tokens: [1, 1, 1], end: .stopToken)
        let checkpoint = ResultCheckpoint(done: [0: invented, 33: invented]) { items, results in
            kept.withLock { kept in
                for (item, result) in zip(items, results) { #expect(kept.updateValue(result, forKey: item) == nil) }
            }
        }
        let options = GenerationOptions(maximumTokens: 9, stopTokens: [36])
        let resumed = try model.generate(
            Self.prompts, options: options, workers: WorkerPool(threads: 2), checkpoint: checkpoint)
        for item in whole.indices {
            let isOld = item == 0 || item == 33
            #expect(resumed[item] == (isOld ? invented : whole[item]))
            #expect(kept.withLock { $0[item] } == (isOld ? nil : whole[item]))
        }
    }

    private struct Enough: Error {}

    @Test func anErrorWhileKeepingEndsTheRunAtOnce() throws {
        let model = InferenceModel(try Fixture.model())
        let kept = Atomic(0)
        let checkpoint = ResultCheckpoint<GeneratedSequence> { _, _ in
            kept.wrappingAdd(1, ordering: .relaxed)
            throw Enough()
        }
        let options = GenerationOptions(maximumTokens: 9)
        #expect(throws: Enough.self) {
            try model.generate(Self.prompts, options: options, workers: WorkerPool(threads: 2), checkpoint: checkpoint)
        }
        #expect(kept.load(ordering: .relaxed) == 1)
    }

    @Test func thePositionLimitEndsAnAnswer() throws {
        let model = InferenceModel(try Fixture.model())
        let options = GenerationOptions(maximumTokens: .max)
        let results = try model.generate([[1, 2, 3], [4]], options: options, workers: WorkerPool(threads: 1))
        #expect(results.map(\.tokens.count) == [62, 64])
        let none = GenerationOptions(maximumTokens: 0)
        #expect(try model.generate([[1]], options: none, workers: WorkerPool(threads: 1)) == [GeneratedSequence()])
    }

    @Test func promptsThatTheModelCannotReadAreRefusedByNumber() throws {
        let model = InferenceModel(try Fixture.model())
        let options = GenerationOptions(maximumTokens: 1)
        for prompt in [[], [37], Array(repeating: 1, count: 65)] as [[Int32]] {
            let error = #expect(throws: GenerationError.self) {
                try model.generate([[1], prompt], options: options, workers: WorkerPool(threads: 1))
            }
            #expect(error?.description.hasPrefix("Sequence 2 ") == true)
        }
    }

    @Test func optionsOutOfRangeAreRefused() throws {
        let model = InferenceModel(try Fixture.model())
        for options in [
            GenerationOptions(maximumTokens: 1, temperature: -1), GenerationOptions(maximumTokens: 1, temperature: .nan),
            GenerationOptions(maximumTokens: 1, topK: 0), GenerationOptions(maximumTokens: 1, topP: 0),
            GenerationOptions(maximumTokens: 1, topP: 1.5), GenerationOptions(maximumTokens: 1, samples: 0),
        ] {
            #expect(throws: GenerationError.self) {
                try model.generate([[1]], options: options, workers: WorkerPool(threads: 1))
            }
        }
    }

    /// Floats behind the packed interface.
    private struct PlainMatrix: WeightPanels {
        let activations = ActivationType.float
        let rows: Int
        let columns: Int
        let values: [Float]

        func dequantize(rows: Range<Int>, into target: UnsafeMutablePointer<Float>) {
            for (place, value) in values[rows.lowerBound * columns..<rows.upperBound * columns].enumerated() {
                target[place] = value
            }
        }

        func multiply(
            rows: Range<Int>, _ x: LinearOperand, into y: MatrixView, _ accumulation: MatrixMultiply.Accumulation
        ) {
            let weights = FloatBuffer(Array(values[rows.lowerBound * columns..<rows.upperBound * columns]))
            withExtendedLifetime(weights) {
                MatrixMultiply.product(
                    x.values, transposed: MatrixView(weights.base, rows.count, columns), into: y, accumulation)
            }
        }
    }

    @Test func packedLayersGiveWhatTheirFloatsGive() throws {
        let model = try Fixture.model()
        let hidden = model.parameters.filter { $0.role == .hiddenMatrix }
        let matrices = hidden.map {
            ($0.name, PlainMatrix(rows: $0.shape[0], columns: $0.shape[1], values: Array(model.weights(of: $0))))
        }
        var emptied = model
        for parameter in hidden { try emptied.setWeights([Float](repeating: 0, count: parameter.count), of: parameter) }
        let packed = try InferenceModel(emptied, packed: Dictionary(uniqueKeysWithValues: matrices))
        for prompt in Self.prompts.prefix(5) {
            let (found, expected) = (Self.logits(packed, prompt), Self.logits(InferenceModel(model), prompt))
            #expect(zip(found, expected).allSatisfy { abs($0 - $1) < 1e-4 })
        }
        #expect(try generate(packed, temperature: 1) == generate(InferenceModel(model), temperature: 1))
        #expect(throws: ModelWeightsError.self) {
            try InferenceModel(model, packed: ["model.norm.weight": PlainMatrix(rows: 1, columns: 24, values: [])])
        }
    }
}
