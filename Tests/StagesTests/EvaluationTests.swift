import CanonicalJSON
import Foundation
import Testing

@testable import Engine
@testable import Kinds
@testable import Stages

@Suite struct BenchDecodeTests {
    /// What the stage writes about a model of so many positions.
    private func speed(_ stage: BenchDecode, positions: Int) throws -> JSON {
        let root = URL.temporaryDirectory.appending(path: "bench-decode-\(UUID().uuidString)", directoryHint: .isDirectory)
        defer { try? FileManager.default.removeItem(at: root) }
        let model = root.appending(path: "inputs/model", directoryHint: .isDirectory)
        let outputs = root.appending(path: "outputs", directoryHint: .isDirectory)
        for folder in [model, outputs] {
            try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
        }
        let configuration = try ModelConfiguration(
            vocabularySize: 40, hiddenSize: 16, layerCount: 2, headCount: 2, keyValueHeadCount: 1, intermediateSize: 24,
            maximumPositions: positions)
        try ModelFolder(model).write(Model(initializing: configuration, seed: 1))
        let context = StageContext(
            inputs: root.appending(path: "inputs", directoryHint: .isDirectory), outputs: outputs, threads: 2,
            reportProgress: { _ in })
        try stage.run(in: context)
        return try JSON(parsing: Data(contentsOf: outputs.appending(path: "speed.json")))
    }

    @Test func theBestRoundCounts() throws {
        let speed = try speed(BenchDecode(promptTokens: 5, newTokens: 6, rounds: 4), positions: 64)
        let rounds = try #require(speed["rounds"]?.array).compactMap(\.double)
        #expect(rounds.count == 4 && rounds.allSatisfy { $0 > 0 && $0.isFinite })
        #expect(speed["tokens_per_second"]?.double == rounds.max())
        #expect(speed["prompt_tokens"] == 5)
        #expect(speed["new_tokens"] == 6)
        #expect(speed["threads"] == 2)
    }

    @Test func aShortModelIsAskedForLess() throws {
        let half = try speed(BenchDecode(rounds: 1), positions: 13)
        #expect(half["prompt_tokens"] == 7 && half["new_tokens"] == 6)
        let fits = try speed(BenchDecode(promptTokens: 20, newTokens: 4, rounds: 1), positions: 24)
        #expect(fits["prompt_tokens"] == 20 && fits["new_tokens"] == 4)
        let least = try speed(BenchDecode(rounds: 1), positions: 8)
        #expect(least["prompt_tokens"] == 4 && least["new_tokens"] == 4)
    }

    @Test func whatCannotBeMeasuredIsRefused() {
        #expect(throws: StageFailure.self) { try speed(BenchDecode(), positions: 7) }
        for stage in [BenchDecode(promptTokens: 0), BenchDecode(newTokens: 0), BenchDecode(rounds: 0)] {
            #expect(throws: StageFailure.self) { try speed(stage, positions: 64) }
        }
    }
}

/// `eval.perplexity` with `tokens`: the beginning of a text.
@Suite struct PerplexityOfABeginningTests {
    private let workshop: CheckpointWorkshop

    init() throws { workshop = try CheckpointWorkshop() }

    private func found(tokens: Int?) throws -> JSON {
        _ = try workshop.whole(EvalPerplexity(stride: 30, context: 50, tokens: tokens))
        return try JSON(parsing: Data(contentsOf: workshop.root.appending(path: "outputs/perplexity.json")))
    }

    @Test func onlySoManyTokensAreRead() throws {
        let whole = try found(tokens: nil)
        let count = try #require(whole["text_tokens"]?.integer)
        #expect(count > 100)
        let beginning = try found(tokens: 40)
        #expect(beginning["text_tokens"] == 40 && beginning["counted_tokens"] == 39 && beginning["windows"] == 1)
        #expect(beginning["perplexity"] != whole["perplexity"])
        #expect(try found(tokens: count) == whole)
        #expect(try found(tokens: count + 1) == whole)
    }
}

@Suite struct ParetoFrontTests {
    private func members(_ points: [(Double, Double)?]) -> [Bool] {
        ParetoFront(points.map { point in point.map { ParetoFront.Point(cost: $0.0, quality: $0.1) } }).members
    }

    @Test func whatAnotherBeatsIsNotOnIt() {
        #expect(members([(1, 1), (2, 3), (3, 2), (4, 4)]) == [true, true, false, true])
    }

    @Test func atTheSameCostTheBetterStays() {
        #expect(members([(1, 1), (1, 2), (2, 2)]) == [false, true, false])
    }

    @Test func equalPointsStandTogether() {
        #expect(members([(1, 1), (1, 1), (2, 1)]) == [true, true, false])
    }

    @Test func aPointWithoutAFigureIsNeverOnItAndBeatsNone() {
        #expect(members([nil, (2, 1), nil]) == [false, true, false])
        #expect(members([nil]) == [false])
    }

    @Test func aSinglePointIsTheFront() {
        #expect(members([(5, -3)]) == [true])
        #expect(members([]) == [])
    }
}
