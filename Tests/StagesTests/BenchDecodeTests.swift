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
