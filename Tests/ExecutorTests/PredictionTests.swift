import BuildModel
import CanonicalJSON
import Foundation
import Testing
import TestSupport

@testable import Executor
@testable import Store

/// How long stages will probably run.
@Suite struct PredictionTests {
    private static func stage(_ kind: String, work: Double?, numerics: Numerics = .portable) -> Stage {
        Stage(name: kind, kind: kind, revision: 1, parameters: [:], numerics: numerics, work: work)
    }

    private static func history(
        _ runs: [(kind: String, seconds: Double, work: Double?, numerics: Numerics)]
    ) -> DurationHistory {
        var history = DurationHistory()
        for (place, run) in runs.enumerated() {
            let action = Action(kind: run.kind, revision: 1, parameters: [:], inputs: [], numerics: run.numerics)
            history.add(
                key: Digest(hashing: "\(place)"), kind: action.historicKind, seconds: run.seconds, work: run.work)
        }
        return history
    }

    /// 200 steps took 90 s, so 500 steps of the same batch take two and a half times as long, and twice the batch twice.
    @Test func stepsAndBatchEnter() throws {
        let predictor = Predictor(Self.history([("train.sft", 90, 200 * 16, .portable)])) { 1 }
        for (steps, batch) in [(500.0, 16.0), (200, 32), (50, 8)] {
            let prediction = try #require(
                predictor.prediction(for: Self.stage("train.sft", work: steps * batch), key: nil))
            #expect(abs(prediction.seconds / (90 * steps * batch / 3200) - 1) < 0.02)
            #expect(prediction.basis == .sameKind)
        }
    }

    @Test func runsOfAnotherProfileAreOthers() throws {
        let native = Numerics.native(.avx512)
        let history = Self.history([("kd.train", 100, 1000, .portable), ("kd.train", 10, 1000, native)])
        let predictor = Predictor(history) { 1 }
        let slow = try #require(predictor.prediction(for: Self.stage("kd.train", work: 1000), key: nil))
        let fast = try #require(predictor.prediction(for: Self.stage("kd.train", work: 1000, numerics: native), key: nil))
        #expect(abs(slow.seconds - 100) < 1 && abs(fast.seconds - 10) < 1)
        #expect(history.runs(in: native).map(\.kind) == ["kd.train"])
        #expect(history.runs(in: .portable).map(\.kind) == ["kd.train"])
    }

    /// What other kinds took tells the machine's speed, but for what copies files.
    @Test func otherKindsTellTheSpeed() throws {
        let history = Self.history([("train.sft", 60, 36e9, .portable), ("model.import", 50, 1, .portable)])
        let predictor = Predictor(history) { 1e6 }
        let prediction = try #require(predictor.prediction(for: Self.stage("kd.train", work: 6e9), key: nil))
        #expect(abs(prediction.seconds - 10) < 0.2)
        #expect(prediction.basis == .formula)
        let sampling = try #require(predictor.prediction(for: Self.stage("sample", work: 6e9), key: nil))
        #expect(abs(sampling.seconds - 20) < 0.4)
    }

    @Test func beforeAnyRanThereIsTheMeasuredSpeed() throws {
        let predictor = Predictor(Self.history([])) { 1e9 }
        let prediction = try #require(predictor.prediction(for: Self.stage("train.sft", work: 6e9), key: nil))
        #expect(abs(prediction.seconds - 10.05) < 1e-9)
        #expect(predictor.prediction(for: Self.stage("exec", work: nil), key: nil) == nil)
    }

    /// Three quarters were done before the stage was stopped, so its last seconds stand for a quarter of its work.
    @Test func whatGoesOnFromACheckpointHasDoneTheRest() async throws {
        let folder = TemporaryFolder()
        let store = try Store(at: folder.url)
        let graph = Graph(stages: [Self.stage("train.sft", work: 4000)], targets: [])
        func build() async throws -> BuildOutcome {
            try await Executor(store: store, runner: HalfwayRunner()).build(graph, targets: graph.ids) { _ in }
        }
        #expect(try await build().failed == ["train.sft"])
        #expect(try await build().failed.isEmpty)
        let runs = try #require(try store.durations().runs(of: "train.sft", in: .portable))
        #expect(runs.work == 1000)
    }
}

/// Leaves a checkpoint and fails; where there is one, goes on from it.
private struct HalfwayRunner: Runner {
    func run(
        _ workspace: StageWorkspace, threads: Int, onProgress: @escaping @Sendable (StageProgress) -> Void
    ) async throws -> StageExit {
        let state = workspace.checkpoint.appending(path: "state")
        guard FileManager.default.fileExists(atPath: state.path) else {
            try Data("state".utf8).write(to: state)
            return StageExit(status: 1)
        }
        let progress = TimedProgress(StageProgress(done: 75, total: 100, unit: "step"), seconds: 0)
        try Data((progress.json.canonicalText + "\n").utf8).write(to: workspace.progress)
        try Data("done".utf8).write(to: workspace.outputs.appending(path: "out.txt"))
        return StageExit(status: 0)
    }
}
