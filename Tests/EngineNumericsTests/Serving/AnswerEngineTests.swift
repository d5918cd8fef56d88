import Testing

@testable import Engine

/// Answers of an engine have the bytes of the request alone, at any load.
struct AnswerEngineTests {
    private static let limits = [
        EngineLimits(waiting: 5000),
        EngineLimits(places: 1, waiting: 5000, draftedTokens: 0),
        EngineLimits(places: 3, waiting: 5000, promptTokensPerStep: 1, draftedTokens: 3),
        // Room for the longest sequence alone.
        EngineLimits(places: 64, waiting: 5000, cacheBytes: 0, promptTokensPerStep: 1000, draftedTokens: 40),
    ]

    @Test(arguments: [false, true])
    func answersEqualThoseOfTheGeneratorAlone(quantized: Bool) throws {
        let fixture = try ServingFixture(quantized: quantized)
        let requests = fixture.requests(210)
        let alone = try requests.map { try fixture.alone($0) }
        // The requests are of many kinds indeed.
        #expect(Set(alone.map(\.end)) == [.limit, .stopToken, .stopSequence, .completion])
        #expect(Set(alone.map(\.tokens)).count > 50)
        for (number, limits) in Self.limits.enumerated() {
            let order = Philox(seed: UInt64(number), purpose: .shuffling).permutation(requests.count)
            let (log, figures) = try fixture.serve(requests, order: order, threads: 1 + number % 3, limits: limits)
            for (request, expected) in alone.enumerated() {
                #expect(log[request].ended == expected, "request \(request) with \(limits)")
            }
            #expect(figures.ended == requests.count && figures.failed == 0 && figures.cancelled == 0)
            #expect(figures.waiting == 0 && figures.running == 0 && figures.blocksHeld == 0)
            #expect((figures.draftedTokens == 0) == (limits.draftedTokens == 0))
            #expect(figures.acceptedTokens <= figures.draftedTokens)
        }
    }

    @Test func tokensComeInOrderAndAreNeverTakenBack() throws {
        let fixture = try ServingFixture()
        let requests = fixture.requests(70)
        let (log, _) = try fixture.serve(requests)
        for (number, request) in requests.enumerated() {
            let record = log[number]
            let answer = try #require(record.ended)
            #expect(record.tokens.map(\.token) == Array(answer.tokens.dropLast(answer.surplusBytes > 0 ? 1 : 0)))
            guard request.options.recordsLogProbabilities else {
                #expect(record.tokens.allSatisfy { $0.logProbability == 0 && $0.alternatives.isEmpty })
                continue
            }
            #expect(record.tokens.map(\.logProbability) == Array(answer.logProbabilities.prefix(record.tokens.count)))
            for token in record.tokens {
                #expect(token.alternatives.count == request.topLogProbabilities)
                for alternative in token.alternatives where alternative.token == token.token {
                    #expect(alternative.logProbability == token.logProbability)
                }
                let values = token.alternatives.map(\.logProbability)
                #expect(values == values.sorted(by: >))
            }
        }
    }

    /// What was read for one prompt is not read again for the next.
    @Test func promptsThatBeginAlikeShareWhatWasRead() throws {
        let fixture = try ServingFixture()
        let prompt = fixture.tokens(70, seed: 5)
        var other = prompt
        other[50] = (other[50] + 1) % 300
        let options = GenerationOptions(maximumTokens: 20)
        let requests = [prompt, prompt, other, Array(prompt.prefix(33))].map {
            AnswerRequest(prompt: GenerationPrompt($0), options: options)
        }
        let limits = EngineLimits(places: 1, draftedTokens: 0)
        let (log, figures) = try fixture.serve(requests, limits: limits)
        #expect((0..<4).map { log[$0].cachedTokens } == [0, 69, 50, 32])
        for (number, request) in requests.enumerated() { #expect(try log[number].ended == fixture.alone(request)) }
        #expect(figures.cachedTokens == 69 + 50 + 32)
        #expect(figures.tokensRead == 70 + 1 + 20 + 1 + 4 * 19)
    }

    /// Evaluation and serving give one answer the same log-probabilities, bit by bit.
    /// A known answer is read in one step behind its prompt, and is as probable as evaluation finds it.
    @Test func aDictatedAnswerIsSaidWhateverIsProbable() throws {
        let fixture = try ServingFixture()
        let (prompt, answer): ([Int32], [Int32]) = (fixture.tokens(40, seed: 3), [40, 41, 42, 43, 9])
        let last = try #require(answer.last)
        let options = GenerationOptions(maximumTokens: answer.count, stopTokens: [last], recordsLogProbabilities: true)
        let (log, figures) = try fixture.serve([
            AnswerRequest(prompt: GenerationPrompt(prompt, dictated: answer), options: options)
        ])
        let said = try #require(log[0].ended)
        #expect(figures.acceptedTokens == 4)
        #expect(said.tokens == answer.dropLast() && said.end == .stopToken && said.logProbabilities.count == answer.count)
        let wanted = try LikelihoodReader(fixture.model, workers: WorkerPool(threads: 1)).likelihoods(
            of: [LikelihoodQuestion(context: prompt, continuation: answer)])
        #expect(abs(said.probability / PortableMath.exp(wanted[0].logProbability) - 1) < 1e-5)
    }

    @Test func logProbabilitiesAreThoseOfEvaluation() throws {
        let fixture = try ServingFixture(quantized: true)
        let options = GenerationOptions(maximumTokens: 12, recordsLogProbabilities: true)
        let prompts = (0..<20).map { GenerationPrompt(fixture.tokens(3 + $0 * 5, seed: $0)) }
        let evaluated = try Generator(fixture.model, workers: WorkerPool(threads: 2)).generate(prompts, options: options)
        let (log, _) = try fixture.serve(prompts.map { AnswerRequest(prompt: $0, options: options, topLogProbabilities: 5) })
        for (number, answer) in evaluated.enumerated() {
            let found = try #require(log[number].ended)
            #expect(found.logProbabilities.map(\.bitPattern) == answer.logProbabilities.map(\.bitPattern))
            #expect(found == answer)
        }
    }
}
