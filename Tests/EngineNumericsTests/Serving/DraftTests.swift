import Testing

@testable import Engine

/// Tokens that are not chosen one by one: forced ones are skipped, likely ones are drafted. Answers stay.
struct DraftTests {
    private static func vocabulary() throws -> Vocabulary {
        Vocabulary(try TokenizerTrainer(vocabularySize: 280).train(on: ["abab abab cdcd abcd"]))
    }

    private static func bytes(_ tokens: [Int32], _ vocabulary: Vocabulary) -> [UInt8] { tokens.flatMap(vocabulary.bytes(of:)) }

    @Test func whatFollowedTheSameTokensIsDrafted() {
        func draft(_ tokens: [Int32], upTo most: Int = 3) -> [Int32] { Array(Repetition.continuation(of: tokens, upTo: most)) }
        #expect(draft([1, 2, 3, 4, 5, 1, 2]) == [3, 4, 5])
        // Of equally long matches the latest; a longer one before them.
        #expect(draft([1, 2, 7, 1, 2, 8, 1, 2]) == [8, 1, 2])
        #expect(draft([5, 1, 2, 7, 1, 2, 8, 5, 1, 2], upTo: 1) == [7])
        #expect(draft([1, 1, 1, 1]) == [1])
        #expect(draft([2, 1, 3, 1]) == [])
        #expect(draft([1]) == [] && draft([]) == [] && draft([1, 2, 1, 2], upTo: 0) == [])
    }

    @Test func draftsEndWhereTheyAreNotTakenAndStartAgainInTime() {
        var trust = DraftTrust()
        let first = trust.length(from: .repetition, upTo: 16, beside: 1)
        #expect(first > 1)
        for _ in 0..<40 { trust.note(accepted: 0, of: 4) }
        #expect(trust.length(from: .repetition, upTo: 16, beside: 1) == 0)
        // The other source keeps its own.
        #expect(trust.length(from: .constraint, upTo: 16, beside: 1) > 4)
        var steps = 0
        while trust.length(from: .repetition, upTo: 16, beside: 1) == 0, steps < 1000 { steps += 1 }
        #expect(steps > 2 && steps < 1000)
        for _ in 0..<60 {
            _ = trust.length(from: .constraint, upTo: 16, beside: 1)
            trust.note(accepted: 4, of: 4)
        }
        // Beside many rows only what is nearly certain.
        #expect(trust.length(from: .constraint, upTo: 16, beside: 64) == 16)
        #expect(trust.length(from: .repetition, upTo: 16, beside: 64) == 0)
    }

    @Test func theTextWithoutChoiceIsSpelledAsUsual() throws {
        let fixture = try ServingFixture()
        let pattern: BytePattern = .sequence([
            .text(#"[{"name":"set_"#), .choice([.text("light"), .text("scene")]), .text(#"","arguments":{}}]"#),
        ])
        let constraint = TokenConstraint(pattern, vocabulary: fixture.vocabulary)
        let first = constraint.expectedTokens(from: constraint.start)
        #expect(Self.bytes(first, fixture.vocabulary) == Array(#"[{"name":"set_"#.utf8))
        #expect(first == fixture.tokenizer.encodePlainText(#"[{"name":"set_"#).map(Int32.init))
        var state = first.reduce(constraint.start) { constraint.state(after: $1, from: $0) }
        #expect(constraint.expectedTokens(from: state).isEmpty)
        let byte = try #require(fixture.vocabulary.bytes.firstIndex(of: Array("l".utf8)))
        state = constraint.state(after: Int32(byte), from: state)
        let rest = Self.bytes(constraint.expectedTokens(from: state), fixture.vocabulary)
        #expect(rest == Array(#"ight","arguments":{}}]"#.utf8))
    }

    /// Letters that the vocabulary never joins leave one token at a time.
    @Test func tokensWithoutChoiceNeedNoStep() throws {
        let vocabulary = try Self.vocabulary()
        let constraint = TokenConstraint(.choice([.text("zqxjkv"), .text("zqxjkw!")]), vocabulary: vocabulary)
        #expect(constraint.mask(in: constraint.start, tokensLeft: 20, stopTokens: []).only != nil)
        var configuration = try Fixture.configuration()
        configuration.vocabularySize = vocabulary.bytes.count
        let model = InferenceModel(Model(initializing: configuration, seed: 8))
        for temperature in [0, 1.5] {
            var options = GenerationOptions(maximumTokens: 20, temperature: temperature, seed: 4, constraint: constraint)
            let sequence = GrowingSequence(
                GenerationPrompt([1, 2]), id: 0, item: 0, options: options, of: model.model.configuration)
            #expect(Self.bytes(sequence.answer.tokens, vocabulary) == Array("zqxjk".utf8) && sequence.tokens.count == 7)
            let skipping = try Generator(model, workers: .caller).generate([GenerationPrompt([1, 2])], options: options)
            // With its probability, each token is chosen from its own logits.
            options.recordsLogProbabilities = true
            let stepping = try Generator(model, workers: .caller).generate([GenerationPrompt([1, 2])], options: options)
            #expect(skipping.map(\.tokens) == stepping.map(\.tokens) && skipping[0].end == .completion)
            #expect(stepping[0].logProbabilities.count == stepping[0].tokens.count)
            #expect(stepping[0].logProbabilities.allSatisfy { $0 < 0 })

            // Drafted all at once where probabilities are asked for.
            let engine = AnswerEngine(model, workers: .caller)
            let log = AnswerLog()
            _ = try engine.submit(AnswerRequest(prompt: GenerationPrompt([1, 2]), options: options), onEvent: log.listener(0))
            engine.drain()
            engine.close()
            #expect(log[0].ended == stepping[0])
            #expect(engine.figures.acceptedTokens >= 5 && engine.figures.steps < stepping[0].tokens.count)
        }
    }

    private struct List: SequenceSource {
        var waiting: [GrowingSequence]

        mutating func next(beside growing: [GrowingSequence], in cache: CacheBlocks) -> GrowingSequence? {
            waiting.isEmpty ? nil : waiting.removeFirst()
        }
    }

    /// A prompt of many tokens is read in parts, and an answer that grows gets its token in each step.
    @Test func aLongPromptHoldsNobodyUp() throws {
        let model = InferenceModel(try Fixture.model())
        let configuration = model.model.configuration
        let decoder = StepDecoder(
            InferenceWeights(model, workers: .caller), cache: CacheBlocks(configuration), positions: 64, workers: .caller)
        func sequence(_ id: Int, prompt count: Int, answer: Int) -> GrowingSequence {
            GrowingSequence(
                GenerationPrompt((0..<count).map { Int32($0 * 7 % 36) }), id: id, item: 0,
                options: GenerationOptions(maximumTokens: answer), of: configuration)
        }
        var source = List(waiting: [sequence(0, prompt: 3, answer: 40), sequence(1, prompt: 55, answer: 4)])
        var running = RunningSequences(decoder, places: 4, promptTokensPerStep: 8)
        var steps = 0
        var ended: [Int] = []
        var before = 0
        while running.advance(starting: &source) {
            steps += 1
            #expect(decoder.readTokens - before <= 8 + 2)
            before = decoder.readTokens
            if let first = running.growing.first, first.id == 0 { #expect(first.answer.tokens.count == steps) }
            ended += running.takeEnded().map(\.id)
        }
        #expect(ended == [1, 0] && steps == 40)
        #expect(decoder.cache.heldCount == 0)
    }
}
