import Testing

@testable import Engine

struct PerplexityTests {
    @Test func windowsStrideLikeTransformersAndCountEveryTokenOnce() throws {
        let windows = try PerplexityWindows(count: 23, context: 8, stride: 5)
        #expect(windows.ranges == [0..<8, 5..<13, 10..<18, 15..<23])
        #expect(windows.counted == [7, 5, 5, 5])
        #expect(windows.countedTokens == 22)
        let short = try PerplexityWindows(count: 6, context: 8, stride: 5)
        #expect(short.ranges == [0..<6] && short.counted == [5])
        // Without overlap, nothing precedes a window's first token.
        let apart = try PerplexityWindows(count: 17, context: 8, stride: 8)
        #expect(apart.ranges == [0..<8, 8..<16, 16..<17] && apart.counted == [7, 7, 0])
        for (count, context, stride) in [(1, 8, 4), (9, 8, 9), (9, 8, 0), (9, 1, 1)] {
            #expect(throws: GenerationError.self) { try PerplexityWindows(count: count, context: context, stride: stride) }
        }
    }

    @Test(arguments: [1, 2])
    func perplexityIsTheMeanOverAllCountedTokens(threads: Int) throws {
        var configuration = try Fixture.configuration(tied: false)
        configuration.maximumPositions = 512
        let model = InferenceModel(Model(initializing: configuration, seed: 4))
        let tokens = (0..<750).map { Int32($0 * $0 % 37) }
        // Windows longer than the rows that the head takes at a time.
        let windows = try PerplexityWindows(count: tokens.count, context: 300, stride: 200)
        let perplexity = try model.perplexity(of: tokens, in: windows, workers: WorkerPool(threads: threads))
        var sum = 0.0
        for (range, counted) in zip(windows.ranges, windows.counted) {
            let example = TrainingExample(tokens: Array(tokens[range]), promptLength: range.count - counted)
            let logits = try model.captureLogits([example], k: 37, workers: WorkerPool(threads: 1))[0]
            for position in 0..<counted {
                let row = position * 37..<position * 37 + 37
                let target = tokens[range.upperBound - counted + position]
                let place = try #require(logits.topTokens[row].firstIndex(of: target))
                sum += Double(logits.logSumExp[position]) - Double(logits.topLogits[place])
            }
        }
        #expect(perplexity.countedTokens == 749)
        #expect(abs(perplexity.loss - sum / 749) < 1e-6)
        #expect(perplexity == (try model.perplexity(of: tokens, in: windows, workers: WorkerPool(threads: 3))))
    }

    @Test func aTextThatTheModelCannotReadIsRefused() throws {
        let model = InferenceModel(try Fixture.model())
        let tokens = [Int32](repeating: 1, count: 100)
        let wide = try PerplexityWindows(count: 100, context: 80, stride: 10)
        #expect(throws: GenerationError.self) { try model.perplexity(of: tokens, in: wide, workers: WorkerPool(threads: 1)) }
        let windows = try PerplexityWindows(count: 100, context: 40, stride: 10)
        #expect(throws: GenerationError.self) {
            try model.perplexity(of: tokens.dropLast() + [37], in: windows, workers: WorkerPool(threads: 1))
        }
    }
}
