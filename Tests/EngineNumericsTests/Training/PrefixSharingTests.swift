import Testing

@testable import Engine

/// Rows that begin alike: passes that compute what they share once, against passes that compute each row whole.
struct PrefixSharingTests {
    private static func tokens(_ count: Int, seed: Int) -> [Int32] {
        let random = Philox(seed: UInt64(seed), purpose: .shuffling)
        return (0..<count).map { Int32(random.words(UInt32($0))[0] % 36) }
    }

    private static func example(_ prompt: [Int32], response count: Int, seed: Int) -> TrainingExample {
        TrainingExample(tokens: prompt + tokens(count, seed: seed) + [36], promptLength: prompt.count)
    }

    /// Tokens of which the first one tells them from others.
    private static func tail(_ first: Int32, _ count: Int, seed: Int) -> [Int32] { [first] + tokens(count - 1, seed: seed) }

    /// A tree three levels deep under one beginning, two responses to one prompt, a prompt within another, and a stranger.
    private static let examples: [TrainingExample] = {
        let (a, b, c) = (tokens(36, seed: 1), tail(2, 8, seed: 2), tail(4, 4, seed: 3))
        return [
            example(a + tail(1, 5, seed: 4), response: 4, seed: 10),
            example(a + b + tail(3, 3, seed: 5), response: 3, seed: 11),
            example(tokens(20, seed: 6), response: 5, seed: 12),
            example(a + b + c + tail(5, 2, seed: 7), response: 4, seed: 13),
            example(a + b + c + tail(6, 3, seed: 8), response: 2, seed: 14), example(a + b, response: 6, seed: 15),
            example(a + tail(1, 5, seed: 4), response: 7, seed: 16),
        ]
    }()

    private struct Pass {
        var loss: Double
        var gradient: [Float]
        var computedTokens: Int
    }

    private static func pass(
        _ model: Model, _ examples: [TrainingExample] = Self.examples, sharing: Bool,
        keeping: Activations.Retention = .everything, weights: PositionWeights = .responses, workers: WorkerPool = .caller
    ) -> Pass {
        let values = model.values.buffer.copy()
        let decoder = Decoder(model.layout, weights: values, positions: 64, workers: workers)
        let pass = GradientPass(parameterCount: values.count, keeping: keeping)
        return withExtendedLifetime((pass, decoder)) {
            let loss = pass.run(
                examples, sharing: sharing, decoder: decoder, loss: .crossEntropy, weights: weights, scale: 1, .replacing)
            return Pass(loss: loss, gradient: pass.gradient.values, computedTokens: pass.computedTokens)
        }
    }

    /// ‖a − b‖/‖b‖
    private static func distance(_ a: [Float], _ b: [Float]) -> Double {
        let squares = zip(a, b).reduce(into: (0.0, 0.0)) { sums, pair in
            let (x, y) = (Double(pair.0), Double(pair.1))
            sums = (sums.0 + (x - y) * (x - y), sums.1 + y * y)
        }
        return (squares.0 / squares.1).squareRoot()
    }

    /// Families with windows, with layers that do not turn, with norms of heads and with other groups of heads.
    @Test(arguments: ModelFamily.all)
    func lossesAreEqualAndGradientsAreEqualUpToRounding(family: ModelFamily) throws {
        let model = try Fixture.model(family: family)
        let (alone, together) = (Self.pass(model, sharing: false), Self.pass(model, sharing: true))
        #expect(together.loss == alone.loss)
        #expect(Self.distance(together.gradient, alone.gradient) < 1e-6)
        #expect(alone.computedTokens == Self.examples.reduce(0) { $0 + $1.tokens.count })
        // The second row shares 36 tokens, the fourth 44, the fifth 48, the sixth all of its prompt but the last token, the
        // seventh as much of the first one's.
        #expect(alone.computedTokens - together.computedTokens == 36 + 44 + 48 + 43 + 40)
    }

    @Test(arguments: [ModelFamily.llama, .gemma3])
    func gradientsAgreeWithFiniteDifferences(family: ModelFamily) throws {
        let model = try Fixture.model(family: family)
        let gradient = Self.pass(model, sharing: true).gradient
        for parameter in model.parameters where parameter.role != .embedding {
            func loss(_ values: [Float]) -> Double {
                var changed = model
                changed.fill(parameter) { _ = $0.update(fromContentsOf: values) }
                return Self.pass(changed, sharing: true).loss
            }
            expectGradient(
                Array(gradient[parameter.range]), of: loss, at: Array(model.weights(of: parameter)),
                step: family == .gemma3 && parameter.role == .hiddenMatrix ? 2.5e-4 : 1e-3, tolerance: 3e-2,
                name: "\(family) \(parameter.name)")
        }
    }

    @Test func bytesDependNeitherOnThreadsNorOnTheOrderOfUnitsNorOnRecomputation() throws {
        let model = try Fixture.model(family: .gemma3, layers: 3)
        let one = Self.pass(model, sharing: true).gradient
        for threads in [2, 3] {
            #expect(Self.pass(model, sharing: true, workers: WorkerPool(threads: threads)).gradient == one)
        }
        let backwards = WorkerPool(threads: 2) { Array((0..<$0).reversed()) }
        #expect(Self.pass(model, sharing: true, workers: backwards).gradient == one)
        #expect(Self.pass(model, sharing: true, keeping: .inputs).gradient == one)
    }

    @Test func aLossOverPromptsSharesNothing() throws {
        let model = try Fixture.model()
        let weights = PositionWeights(Self.examples, promptShare: 0.3)
        let alone = Self.pass(model, sharing: false, weights: weights)
        let together = Self.pass(model, sharing: true, weights: weights)
        #expect(together.computedTokens == alone.computedTokens)
        #expect(together.gradient == alone.gradient)
    }

    @Test(arguments: ModelFamily.all)
    func capturedLogitsAreThoseOfEachRowAlone(family: ModelFamily) throws {
        let model = InferenceModel(try Fixture.model(family: family))
        let together = try model.captureLogits(Self.examples, k: 8, workers: WorkerPool(threads: 2))
        for (example, logits) in zip(Self.examples, together) {
            #expect(try model.captureLogits([example], k: 8, workers: .caller) == [logits])
        }
    }

    /// Prefixes that end within a range of queries, which is cut at 480, and tails whose windows reach into them.
    @Test func longPrefixesUnderAWindowGiveTheSameBits() throws {
        var configuration = try ModelConfiguration(
            vocabularySize: 37, hiddenSize: 24, layerCount: 2, headCount: 4, keyValueHeadCount: 2, intermediateSize: 40,
            maximumPositions: 1200, family: .mistral)
        configuration.setAttentions([LayerAttention(slides: true), LayerAttention()], window: 100)
        let model = InferenceModel(Model(initializing: configuration, seed: 3))
        let prefix = Self.tokens(901, seed: 20)
        let examples = (0..<4).map { row in
            Self.example(prefix + Self.tokens(30 + 80 * row, seed: 30 + row), response: 9, seed: 40 + row)
        }
        let together = try model.captureLogits(examples, k: 8, workers: WorkerPool(threads: 2))
        for (example, logits) in zip(examples, together) {
            #expect(try model.captureLogits([example], k: 8, workers: .caller) == [logits])
        }
    }

    @Test func likelihoodsAreThoseOfEachRowAlone() throws {
        let decoder = InferenceModel(try Fixture.model()).decoder(positions: 64, workers: .caller)
        let together = decoder.responseLogProbabilities(Self.examples)
        #expect(together == Self.examples.map { decoder.responseLogProbabilities([$0])[0] })
    }

    /// Sixteen rows of 1,800 tokens, of which 1,670 are those of all.
    @Test func aPassHasRoomForTheTailsOfAPrefix() {
        let prefix = Self.tokens(1670, seed: 1)
        let rows = (0..<16).map { Self.example(prefix + Self.tail(Int32($0), 110, seed: 2 + $0), response: 19, seed: 50 + $0) }
        #expect(MicroBatches.sharing(rows, predicting: .response).map { $0.sorted() } == [Array(0..<16)])
        #expect(MicroBatches.cut(lengths: rows.map(\.tokens.count)).count > 12)
        let batch = PackedBatch(rows, predicting: .response, sharing: true)
        #expect(batch.tokens.count == 1670 + 16 * 130)
        #expect(batch.trees == [Array(0..<16)])
        // Twice as many take two passes, each with the prefix.
        let twice =
            rows
            + rows.map { row -> TrainingExample in
                var row = row
                row.tokens[1700] = (row.tokens[1700] + 1) % 36
                return row
            }
        let passes = MicroBatches.sharing(twice, predicting: .response)
        #expect(passes.count == 2)
        #expect(passes.joined().sorted() == Array(0..<32))
    }

    @Test func rowsThatShareNothingAreTrainedAsWithout() throws {
        func train(sharing: Bool) throws -> [Float] {
            var options = TrainingOptions(steps: 3, batch: 8, learningRate: 1e-2, seed: 4)
            options.sharesPrefixes = sharing
            let trainer = try Trainer(
                try Fixture.model(), on: Fixture.examples(12), options: options, workers: WorkerPool(threads: 2))
            return try Array(trainer.run().values)
        }
        #expect(try train(sharing: true) == train(sharing: false))
    }

    @Test func aTrainingComputesSharedTokensOnce() throws {
        func step(sharing: Bool) throws -> (step: TrainingStep, computed: Int) {
            var options = TrainingOptions(steps: 1, batch: Self.examples.count, learningRate: 1e-2, seed: 4)
            options.sharesPrefixes = sharing
            let trainer = try Trainer(
                try Fixture.model(), on: Self.examples, options: options, workers: WorkerPool(threads: 2))
            return (trainer.advance(), trainer.learner.computedTokens)
        }
        let (alone, together) = (try step(sharing: false), try step(sharing: true))
        #expect(together.step.tokens == alone.step.tokens)
        #expect(alone.computed == alone.step.tokens)
        #expect(together.computed < alone.computed * 6 / 10)
        #expect(abs(together.step.loss / alone.step.loss - 1) < 1e-12)
        #expect(abs(together.step.gradientNorm / alone.step.gradientNorm - 1) < 1e-6)
    }

    @Test func neighboursThatBeginAlikeStayTogetherInEveryEpoch() {
        let header = Self.tokens(40, seed: 1)
        let examples = (0..<60).map { row in
            // Lists of five rows, and a last one of twenty.
            let list = min(row / 5, 8)
            return Self.example(header + Self.tokens(50, seed: 100 + list) + [Int32(row % 36)], response: 3, seed: row)
        }
        let runs = SharedStarts.runs(of: examples)
        #expect(Array(runs.prefix(8)) == (0..<8).map { $0 * 5..<$0 * 5 + 5 })
        #expect(runs.suffix(2) == [40..<56, 56..<60])
        var order = EpochOrder(runs: runs, seed: 3)
        let epochs = (0..<2).map { order.batch($0, size: 60) }
        #expect(epochs.allSatisfy { $0.sorted() == Array(0..<60) })
        #expect(epochs[0] != epochs[1])
        for (epoch, run) in epochs.flatMap({ epoch in runs.map { (epoch, $0) } }) {
            let start = epoch.firstIndex(of: run.lowerBound) ?? 0
            #expect(Array(epoch[start..<start + run.count]) == Array(run))
        }
        // Where all begin with one list, none need stay together.
        #expect(SharedStarts.runs(of: Array(examples.prefix(5))).count == 5)
    }

    /// A set of two lists in turns, far more prompts than places.
    @Test func anEvaluationReadsEachPrefixOfTheWholeSetOnce() throws {
        let model = InferenceModel(try Fixture.model())
        let lists = [Self.tokens(40, seed: 1), Self.tokens(33, seed: 2)]
        let prompts = (0..<30).map { row in lists[row % 2] + Self.tokens(1 + row % 5, seed: 10 + row) }
        let workers = WorkerPool(threads: 2)
        let weights = InferenceWeights(model, workers: workers)
        let decoder = StepDecoder(
            weights, cache: CacheBlocks(model.model.configuration), positions: 64, workers: workers)
        var run = GenerationRun(
            queue: PromptQueue(prompts.map { GenerationPrompt($0) }, samples: 1, done: [:]), decoder: decoder,
            options: GenerationOptions(maximumTokens: 1), places: 4, promptTokensPerStep: 16)
        var answers = 0
        while let finished = run.advance() { answers += finished.count }
        #expect(answers == prompts.count)
        let cached = PrefixTree(of: prompts).cachedTokens.reduce(0, +)
        #expect(decoder.readTokens == prompts.reduce(0) { $0 + $1.count } - cached)
        #expect(decoder.readTokens < 40 + 33 + 30 * 6)
    }
}
