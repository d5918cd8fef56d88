import Synchronization
import Testing

@testable import Engine

/// Likelihoods of continuations, which share what they have in common and depend on nothing else.
struct LikelihoodTests {
    /// Rows with two to five options: of one token and of many, options that begin alike, a context that continues another.
    private static let questions: [LikelihoodQuestion] = {
        func tokens(_ count: Int, _ seed: Int) -> [Int32] {
            (0..<count).map { Int32(($0 * 7 + seed * 13 + $0 * $0 * seed) % 37) }
        }
        var questions: [LikelihoodQuestion] = []
        for row in 0..<9 {
            let context = tokens(3 + row * 5, 1) + (row % 2 == 0 ? [] : tokens(4, row))
            for option in 0..<2 + row % 4 {
                let shared = tokens(row, 30)
                questions.append(
                    LikelihoodQuestion(context: context, continuation: shared + tokens(1 + option * (row % 3), option + 2)))
            }
        }
        return questions
    }()

    private func bits(_ values: [Likelihood]) -> [UInt64] { values.map { $0.logProbability.bitPattern } }

    private func read(
        _ model: InferenceModel, _ questions: [LikelihoodQuestion] = Self.questions, threads: Int = 1, tokensPerStep: Int = 256
    ) throws -> [Likelihood] {
        try LikelihoodReader(model, workers: WorkerPool(threads: threads), tokensPerStep: tokensPerStep)
            .likelihoods(of: questions)
    }

    @Test(arguments: ModelFamily.all)
    func aLikelihoodIsTheSameAloneInABatchAndOnAnyThreads(family: ModelFamily) throws {
        let model = InferenceModel(try Fixture.model(tied: family == .qwen2, family: family))
        let together = try read(model)
        #expect(bits(try read(model, threads: 2)) == bits(together))
        #expect(bits(try read(model, threads: 3, tokensPerStep: 7)) == bits(together))
        #expect(bits(try read(model, tokensPerStep: 1)) == bits(together))
        let alone = try Self.questions.flatMap { try read(model, [$0]) }
        #expect(alone == together)
        let reversed = try read(model, Self.questions.reversed())
        #expect(Array(reversed.reversed()) == together)
    }

    @Test func itIsTheSumOfTheTokensLogProbabilities() throws {
        let model = InferenceModel(try Fixture.model())
        for (question, found) in zip(Self.questions, try read(model)) {
            var sum = 0.0
            var isGreedy = true
            for place in question.continuation.indices {
                let before = question.context + question.continuation[..<place]
                let logits = GenerationTests.logits(model, before).map(Double.init)
                let wanted = Int(question.continuation[place])
                let largest = logits.max() ?? 0
                sum += logits[wanted] - largest - PortableMath.log(logits.reduce(0) { $0 + PortableMath.exp($1 - largest) })
                isGreedy = isGreedy && logits.firstIndex(of: largest) == wanted
            }
            #expect(abs(found.logProbability - sum) < 1e-4 * abs(sum))
            #expect(found.isGreedy == isGreedy)
            #expect(found.tokens == question.continuation.count)
        }
    }

    @Test func aRunGoesOnFromItsCheckpoint() throws {
        let model = InferenceModel(try Fixture.model())
        let questions = Array(repeating: Self.questions, count: 12).flatMap { $0 }
        let whole = try read(model, questions)
        var done: [Int: [Double]] = [:]
        for index in 0..<LikelihoodReader.groupSize {
            done[index] = [whole[index].logProbability, whole[index].isGreedy ? 1 : 0]
        }
        #expect(questions.count > LikelihoodReader.groupSize)
        let saved = Mutex<[Range<Int>]>([])
        let resumed = try LikelihoodReader(model, workers: WorkerPool(threads: 1)).likelihoods(
            of: questions, checkpoint: ResultCheckpoint(done: done) { range, _ in saved.withLock { $0.append(range) } })
        #expect(resumed == whole)
        #expect(saved.withLock { $0 } == [LikelihoodReader.groupSize..<questions.count])
    }

    @Test func questionsThatCannotBeReadAreRefused() throws {
        let model = InferenceModel(try Fixture.model())
        let limit = model.model.configuration.maximumPositions
        for (context, continuation) in [
            ([], [1]), ([1], []), ([1], [99]), ([99], [1]), (Array(repeating: 1, count: limit), [1, 2]),
        ]
            as [([Int32], [Int32])]
        {
            #expect(throws: GenerationError.self) {
                try read(model, [LikelihoodQuestion(context: context, continuation: continuation)])
            }
        }
        let long = LikelihoodQuestion(context: Array(repeating: 1, count: limit + 3) + [2], continuation: [3, 4])
        #expect(long.cut(to: limit).context.count == limit - 1)
        #expect(long.cut(to: limit).context.last == 2)
        #expect(try read(model, [long.cut(to: limit)]).count == 1)
        #expect(Self.questions[0].cut(to: limit) == Self.questions[0])
    }
}
