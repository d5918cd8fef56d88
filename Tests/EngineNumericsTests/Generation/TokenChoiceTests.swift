import CanonicalJSON
import Foundation
import Testing

@testable import Engine

struct TokenChoiceTests {
    /// What `transformers` leaves of a distribution; `scripts/reference/token_choice_reference.py` writes it.
    @Test func temperatureTopKAndTopPAgreeWithTheReference() throws {
        let reference = try referenceFile("token_choice.json")
        let size = try #require(reference["size"]?.integer)
        var logits = (0..<size).map { Float(Double(7919 * $0 % 2003) / 2003 * 8 - 4) }
        logits[30] = logits[7]
        for entry in try #require(reference["cases"]?.array) {
            let temperature = try #require(entry["temperature"]?.double)
            let memory = FloatBuffer(logits)
            var candidates = TokenCandidates(memory.base, vocabularySize: size, mask: nil)
            if let topK = entry["top_k"]?.integer { candidates.keepLargest(topK) }
            candidates.becomeProbabilities(temperature: Float(temperature))
            let topP = try #require(entry["top_p"]?.double)
            if topP < 1 { candidates.keepNucleus(topP) }
            let expected = try #require(entry["probabilities"]?.object)
            let found = withExtendedLifetime(memory) { candidates.probabilities }
            #expect(found.map { String($0.token) }.sorted() == expected.keys.sorted())
            for (token, probability) in found {
                #expect(abs(probability - (expected[String(token)]?.double ?? -1)) < 1e-6)
            }
        }
    }

    private func shares(_ options: GenerationOptions, _ logits: [Float], mask: TokenMask? = nil) -> [Double] {
        let choice = TokenChoice(options, vocabularySize: logits.count)
        var counts = [Double](repeating: 0, count: logits.count)
        for item in 0..<4000 {
            let memory = FloatBuffer(logits)
            let chosen = withExtendedLifetime(memory) { choice.choose(memory.base, item: item, position: 0, mask: mask) }
            counts[Int(chosen.token)] += 1 / 4000
        }
        return counts
    }

    @Test func tokensAreDrawnAsOftenAsTheyAreProbable() {
        let logits = [0, Float(PortableMath.log(2)), Float(PortableMath.log(5))]
        func check(_ options: GenerationOptions, _ expected: [Double], mask: TokenMask? = nil) {
            for (found, share) in zip(shares(options, logits, mask: mask), expected) { #expect(abs(found - share) < 0.025) }
        }
        check(GenerationOptions(maximumTokens: 1, temperature: 1, seed: 9), [0.125, 0.25, 0.625])
        check(GenerationOptions(maximumTokens: 1, temperature: 0.5, seed: 9), [1 / 30.0, 4 / 30.0, 25 / 30.0])
        check(GenerationOptions(maximumTokens: 1, temperature: 1, topK: 2, seed: 9), [0, 2 / 7.0, 5 / 7.0])
        check(GenerationOptions(maximumTokens: 1, temperature: 1, topP: 0.5, seed: 9), [0, 0, 1])
        check(GenerationOptions(maximumTokens: 1, temperature: 1, seed: 9), [1 / 3.0, 2 / 3.0, 0], mask: TokenMask([0, 1]))
        check(GenerationOptions(maximumTokens: 1), [0, 0, 1])
        check(GenerationOptions(maximumTokens: 1), [0, 1, 0], mask: TokenMask([0, 1]))
    }

    @Test func ofEqualLogitsTheLowerTokenIsTakenAndStaysInTheNucleus() {
        #expect(shares(GenerationOptions(maximumTokens: 1), [1, 3, 3, 2])[1] > 0.999)
        #expect(shares(GenerationOptions(maximumTokens: 1, temperature: 1, topP: 0.3, seed: 1), [1, 3, 3, 2])[1] > 0.999)
    }

    @Test func otherSeedsGiveOtherAnswers() throws {
        let model = InferenceModel(try Fixture.model())
        func answers(_ seed: UInt64) throws -> [GeneratedSequence] {
            try model.generate(
                GenerationTests.prompts, options: GenerationOptions(maximumTokens: 5, temperature: 1, seed: seed),
                workers: WorkerPool(threads: 1))
        }
        #expect(try answers(1) != answers(2))
    }

    @Test func logProbabilitiesAreThoseOfTheModel() throws {
        let model = InferenceModel(try Fixture.model())
        let prompts = Array(GenerationTests.prompts.prefix(12))
        for options in [
            GenerationOptions(maximumTokens: 8, stopTokens: [36], recordsLogProbabilities: true),
            GenerationOptions(
                maximumTokens: 8, stopTokens: [36, 4], temperature: 0.7, topK: 9, topP: 0.9, seed: 5,
                recordsLogProbabilities: true),
        ] {
            let results = try model.generate(prompts, options: options, workers: WorkerPool(threads: 2))
            #expect(results.contains { $0.isFinished })
            for (prompt, result) in zip(prompts, results) {
                #expect(result.logProbabilities.count == result.tokens.count + (result.isFinished ? 1 : 0))
                #expect(result.choiceLogProbabilities.count == result.logProbabilities.count)
                for (place, token) in result.tokens.enumerated() {
                    let logits = GenerationTests.logits(model, prompt + result.tokens.prefix(place)).map(Double.init)
                    let sum = logits.reduce(0) { $0 + PortableMath.exp($1) }
                    #expect(abs(Double(result.logProbabilities[place]) - (logits[Int(token)] - PortableMath.log(sum))) < 1e-3)
                }
                let greedy = options.temperature == 0
                #expect(result.choiceLogProbabilities.allSatisfy { greedy ? $0 == 0 : $0 <= 0 })
            }
            // What is recorded changes nothing.
            var plain = options
            plain.recordsLogProbabilities = false
            let others = try model.generate(prompts, options: plain, workers: WorkerPool(threads: 1))
            #expect(others.map(\.tokens) == results.map(\.tokens))
        }
    }
}
