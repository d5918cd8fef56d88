import Testing

@testable import Engine

/// What an engine does when requests are too many, leave, or cannot be answered.
struct EngineConductTests {
    private let fixture: ServingFixture
    private let log = AnswerLog()
    private let gate = Gate()

    init() throws { fixture = try ServingFixture() }

    private func engine(_ limits: EngineLimits) -> AnswerEngine {
        AnswerEngine(fixture.model, workers: WorkerPool(threads: 2), limits: limits)
    }

    private func request(_ seed: Int, tokens: Int) -> AnswerRequest {
        AnswerRequest(
            prompt: GenerationPrompt(fixture.tokens(4, seed: seed)), options: GenerationOptions(maximumTokens: tokens))
    }

    @Test func whoLeavesFreesThePlaceWithinAStep() throws {
        let engine = engine(EngineLimits(places: 1))
        let (log, gate) = (self.log, self.gate)
        let first = try engine.submit(request(1, tokens: 150)) { event in
            log.note(event, of: 0)
            // The engine stands behind its first step.
            if case .tokens = event { gate.pass() }
        }
        _ = try engine.submit(request(2, tokens: 5), onEvent: log.listener(1))
        log.wait { !$0[0].tokens.isEmpty }
        let told = log[0].tokens.count
        engine.cancel(first)
        gate.open()
        engine.drain()
        engine.close()
        #expect(log[0].tokens.count == told && log[0].ended == nil && log[0].failure == nil)
        #expect(try log[1].ended == fixture.alone(request(2, tokens: 5)))
        let figures = engine.figures
        #expect((figures.cancelled, figures.ended, figures.running, figures.blocksHeld) == (1, 1, 0, 0))
    }

    @Test func theQueueHasAnEnd() throws {
        let engine = engine(EngineLimits(places: 1, waiting: 2))
        let (log, gate) = (self.log, self.gate)
        _ = try engine.submit(request(1, tokens: 3)) { event in
            log.note(event, of: 0)
            if case .started = event { gate.pass() }
        }
        log.wait { $0[0].cachedTokens != nil }
        let second = try engine.submit(request(2, tokens: 3), onEvent: log.listener(1))
        _ = try engine.submit(request(3, tokens: 3), onEvent: log.listener(2))
        #expect(throws: AnswerRefusal.full(waiting: 2)) { try engine.submit(request(4, tokens: 3)) { _ in } }
        #expect(engine.figures.waiting == 2)
        // Who leaves the queue makes room in it.
        engine.cancel(second)
        _ = try engine.submit(request(5, tokens: 3), onEvent: log.listener(4))
        gate.open()
        engine.drain()
        #expect([0, 2, 4].allSatisfy { log[$0].ended != nil })
        #expect(log[1].cachedTokens == nil && log[1].ended == nil)
        engine.close()
        #expect(engine.figures.cancelled == 1)
    }

    @Test func aDrainedEngineHasAnsweredAllAndTakesNoMore() throws {
        let engine = engine(EngineLimits(places: 2))
        for number in 0..<9 { _ = try engine.submit(request(number, tokens: 6), onEvent: log.listener(number)) }
        engine.drain()
        #expect((0..<9).allSatisfy { log[$0].ended != nil })
        #expect(throws: AnswerRefusal.draining) { try engine.submit(request(1, tokens: 3)) { _ in } }
    }

    @Test func aClosedEngineFailsWhatHasNotEnded() throws {
        let engine = engine(EngineLimits(places: 1))
        let log = self.log
        _ = try engine.submit(request(1, tokens: 150)) { event in
            log.note(event, of: 0)
            if case .tokens = event { engine.close() }
        }
        _ = try? engine.submit(request(2, tokens: 5), onEvent: log.listener(1))
        log.wait { $0[0].failure != nil }
        engine.drain()
        #expect(log[0].ended == nil && log[1].ended == nil)
        #expect(throws: AnswerRefusal.draining) { try engine.submit(request(3, tokens: 3)) { _ in } }
    }

    @Test func aModelWithoutNumbersFailsItsRequestsAndNothingElse() throws {
        var model = fixture.model.model
        let norm = try #require(model.parameter(named: "model.norm.weight"))
        try model.setWeights([Float](repeating: .nan, count: norm.count), of: norm)
        let engine = AnswerEngine(InferenceModel(model), workers: .caller)
        for number in 0..<3 { _ = try engine.submit(request(number, tokens: 5), onEvent: log.listener(number)) }
        engine.drain()
        engine.close()
        for number in 0..<3 { #expect(log[number].failure != nil && log[number].ended == nil) }
        #expect(engine.figures.failed == 3 && engine.figures.blocksHeld == 0)
    }

    @Test func whatTheModelCannotAnswerIsRefused() throws {
        let engine = engine(EngineLimits())
        func refusal(_ change: (inout AnswerRequest) -> Void) -> AnswerRefusal? {
            var request = request(1, tokens: 3)
            change(&request)
            do throws(AnswerRefusal) {
                _ = try engine.submit(request) { _ in }
                return nil
            } catch {
                return error
            }
        }
        #expect(refusal { _ in } == nil)
        #expect(refusal { $0.prompt.tokens = [Int32](repeating: 1, count: 161) } == .tooLong(tokens: 161, limit: 160))
        let changes: [(inout AnswerRequest) -> Void] = [
            { $0.prompt.tokens = [] }, { $0.prompt.tokens = [1, 9999] }, { $0.options.samples = 2 },
            { $0.options.temperature = -1 }, { $0.options.topP = 0 }, { $0.item = -1 }, { $0.topLogProbabilities = 21 },
        ]
        for change in changes {
            guard case .invalid? = refusal(change) else {
                Issue.record("a request was taken")
                continue
            }
        }
    }

    @Test func anAnswerOfNoTokensEndsAtOnce() throws {
        let (log, figures) = try fixture.serve([request(1, tokens: 0), request(2, tokens: 2)])
        #expect(log[0].ended == GeneratedSequence() && log[1].ended?.tokens.count == 2)
        #expect(figures.ended == 2)
    }
}
