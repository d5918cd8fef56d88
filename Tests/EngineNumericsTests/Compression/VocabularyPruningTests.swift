import Testing

@testable import Engine

/// Models over some of their tokens.
struct VocabularyPruningTests {
    private static let kept = (0..<37).filter { $0 % 3 != 1 }

    private static let examples = [[0, 2, 3, 5, 36], [6, 8, 9, 11, 12, 14], [35, 36, 0]].map { tokens in
        TrainingExample(tokens: tokens.map { Int32($0) }, promptLength: 1)
    }

    /// By token, position by position.
    private static func logits(_ captured: TeacherLogits) -> [[Int32: Float]] {
        (0..<captured.positionCount).map { position in
            let entries = position * captured.k..<(position + 1) * captured.k
            return Dictionary(
                zip(captured.topTokens[entries], captured.topLogits[entries]), uniquingKeysWith: { first, _ in first })
        }
    }

    @Test(arguments: [true, false], ModelFamily.all)
    func theLogitsOfTokensThatStayAreWhatTheyWere(tied: Bool, family: ModelFamily) throws {
        let model = try Fixture.model(tied: tied, family: family)
        let tokens = TokenSelection(Set(Self.kept))
        let smaller = model.keeping(tokens)
        #expect(smaller.configuration.vocabularySize == 25)
        #expect(model.parameterCount - smaller.parameterCount == 12 * 24 * (tied ? 1 : 2))
        let workers = WorkerPool(threads: 2)
        let whole = try InferenceModel(model).captureLogits(Self.examples, k: 37, of: .sequence, workers: workers)
        let renumbered = try Self.examples.map { example in
            var example = example
            example.tokens = try example.tokens.map { Int32(try #require(tokens[Int($0)])) }
            return example
        }
        let found = try InferenceModel(smaller).captureLogits(renumbered, k: 37, of: .sequence, workers: workers)
        for (whole, found) in zip(whole, found) {
            #expect(found.k == 25)
            for (whole, found) in zip(Self.logits(whole), Self.logits(found)) {
                for (new, old) in tokens.kept.enumerated() { #expect(found[Int32(new)] == whole[Int32(old)]) }
            }
        }
    }

    @Test func tokensWithARoleGetNewIds() throws {
        var configuration = try Fixture.configuration()
        configuration.controlTokens = ControlTokens(begin: 3, end: [6, 7, 36], padding: 1)
        let smaller = Model(zeros: configuration).keeping(TokenSelection(Set(Self.kept))).configuration
        #expect(smaller.controlTokens == ControlTokens(begin: 2, end: [4, 24], padding: nil))
        #expect(try ModelConfiguration(json: smaller.json) == smaller)
    }

    @Test func paddingGoesToo() throws {
        let model = try Fixture.model().over(tokens: 30)
        let smaller = model.keeping(TokenSelection(Set(0..<20)))
        #expect(smaller.configuration.tokenCount == 20)
        #expect(smaller.configuration.knownTokens == nil)
    }
}
