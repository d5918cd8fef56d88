import CKernels
import Testing

@testable import Engine

/// Keys and values that are rounded to INT8.
struct CachePrecisionTests {
    @Test(arguments: [Int.max, 5, 18]) func attentionOverCodesIsThatOverTheirFloats(window: Int) {
        let shape = decant_attention_shape(heads: 6, kv_heads: 2, dimension: 20, window: window, scale: 0.25)
        let tokens = 37
        let queries = FloatBuffer(randomFloats(tokens * 120, seed: 1))
        let keys = FloatBuffer(randomFloats(tokens * 40, seed: 2))
        let values = FloatBuffer(randomFloats(tokens * 40, seed: 3))
        /// Each token and head by its own scale.
        func rounded(_ x: FloatBuffer) -> FloatBuffer {
            var codes = [Int8](repeating: 0, count: tokens * 40)
            var scales = [Float](repeating: 0, count: tokens * 2)
            decant_int8_round(x.base, 20, tokens * 2, 20, &codes, 20, &scales)
            return FloatBuffer(codes.indices.map { Float(codes[$0]) * scales[$0 / 20] })
        }
        let (roundedKeys, roundedValues) = (rounded(keys), rounded(values))
        let codes = (0..<3).map { _ in FloatBuffer(count: decant_code_block_size(shape)) }
        let floats = (0..<3).map { _ in FloatBuffer(count: decant_block_size(shape)) }
        for token in 0..<tokens {
            decant_code_block_store(
                codes[token / 16].base, token % 16, keys.base + token * 40, values.base + token * 40, shape)
            decant_block_store(
                floats[token / 16].base, token % 16, roundedKeys.base + token * 40, roundedValues.base + token * 40, shape)
        }
        let (found, expected) = (FloatBuffer(count: tokens * 120), FloatBuffer(count: tokens * 120))
        let (codeTable, floatTable) = (codes.map { Optional($0.base) }, floats.map { Optional($0.base) })
        for head in 0..<2 {
            // A few rows at a time, as steps have them.
            for (first, rows) in [(0, 7), (7, 30)] {
                decant_attention_code_blocks(
                    queries.base + first * 120, 120, found.base + first * 120, 120, codeTable, first, rows, head, shape,
                    decant_vectors())
                decant_attention_blocks(
                    queries.base + first * 120, 120, expected.base + first * 120, 120, floatTable, first, rows, head, shape,
                    decant_vectors())
            }
        }
        #expect(found.values == expected.values)
        #expect(found.values.contains { $0 != 0 })
        withExtendedLifetime((queries, keys, values, roundedKeys, roundedValues, codes, floats)) {}
    }

    @Test func aBlockOfCodesTakesAboutAQuarter() throws {
        var configuration = try Fixture.configuration()
        configuration.headDimension = 64
        let (codes, floats) = (CacheBlocks(configuration, .int8), CacheBlocks(configuration))
        #expect(codes.blockBytes * 10 < floats.blockBytes * 3)
    }

    /// The answers of a run and of a server, however they are cut.
    @Test func answersDependOnThePrecisionAndOnNothingElse() throws {
        let fixture = try ServingFixture()
        var model = fixture.model
        model.keyValues = .int8
        let rounded = ServingFixture(fixture, model: model)
        let requests = rounded.requests(60)
        let alone = try requests.map { try rounded.alone($0) }
        #expect(try zip(requests, alone).contains { try fixture.alone($0) != $1 })
        for limits in [
            EngineLimits(waiting: 5000), EngineLimits(places: 5, waiting: 5000, cacheBytes: 0, promptTokensPerStep: 7),
        ] {
            let (log, _) = try rounded.serve(requests, limits: limits)
            for (number, answer) in alone.enumerated() { #expect(log[number].ended == answer) }
        }
    }

    @Test func roundedKeysAndValuesChangeLogitsALittle() throws {
        var model = InferenceModel(try Fixture.model())
        let questions = (0..<20).map { number in
            LikelihoodQuestion(context: GenerationTests.prompts[number], continuation: [Int32(number)])
        }
        let exact = try LikelihoodReader(model, workers: .caller).likelihoods(of: questions)
        model.keyValues = .int8
        let rounded = try LikelihoodReader(model, workers: .caller).likelihoods(of: questions)
        for (exact, rounded) in zip(exact, rounded) { #expect(abs(exact.logProbability - rounded.logProbability) < 0.5) }
        #expect(exact != rounded)
    }
}
