import CKernels
import Testing

@testable import Engine

/// Nothing but model, examples, loss and options decides a training's bits. What is part of that definition: the cut into
/// micro-batches by tokens (`MicroBatches`), the depth at which products cut their sums, and the blocks of rows over which the
/// gradients of norms and biases are summed.
@Suite(.serialized)
struct TrainingDeterminismTests {
    private struct Run: Equatable {
        var weights: [UInt32]
        var losses: [Double]
        var norms: [Double]
    }

    /// Wide and long enough that products are cut into tiles, depths into blocks, the step into micro-batches, the logits into
    /// chunks, and one sequence into blocks of queries; tied and with bias, or neither.
    private func run(
        _ optimizer: TrainingOptions.Optimizer, tied: Bool = true, workers: WorkerPool,
        recomputation: TrainingOptions.Recomputation = .never
    ) throws -> Run {
        let configuration = try ModelConfiguration(
            vocabularySize: 300, hiddenSize: 72, layerCount: 2, headCount: 4, keyValueHeadCount: 2, intermediateSize: 200,
            maximumPositions: 128, tiesEmbeddings: tied, family: tied ? .qwen2 : .llama)
        let random = Philox(seed: 3, purpose: .shuffling)
        let examples = (0..<60).map { row in
            let length = 20 + Int(random.words(UInt32(row))[0] % 100)
            let tokens = (0..<length).map { Int32(random.words(UInt32(row * 128 + $0))[1] % 300) }
            return TrainingExample(tokens: tokens, promptLength: 1 + length / 3)
        }
        let options = TrainingOptions(
            steps: 3, batch: 40, learningRate: 1e-2, optimizer: optimizer, warmup: 0.1, weightDecay: 0.01,
            recomputation: recomputation, seed: 11)
        let trainer = try Trainer(
            Model(initializing: configuration, seed: 1), on: examples, options: options, workers: workers)
        var curve: [TrainingStep] = []
        let model = trainer.run { curve.append($0) }
        return Run(
            weights: model.values.map(\.bitPattern), losses: curve.map(\.loss), norms: curve.map(\.gradientNorm))
    }

    @Test(arguments: [TrainingOptions.Optimizer.adamW, .muon], [true, false])
    func bytesAreEqualAtAnyThreadCount(optimizer: TrainingOptions.Optimizer, tied: Bool) throws {
        let alone = try run(optimizer, tied: tied, workers: WorkerPool(threads: 1))
        for threads in [2, 3, 7] {
            #expect(try run(optimizer, tied: tied, workers: WorkerPool(threads: threads)) == alone)
        }
    }

    @Test(arguments: [1, 3])
    func bytesAreEqualInAnyOrderOfUnits(threads: Int) throws {
        let alone = try run(.muon, workers: WorkerPool(threads: 1))
        let backwards = WorkerPool(threads: threads) { Array((0..<$0).reversed()) }
        #expect(try run(.muon, workers: backwards) == alone)
        let mixed = WorkerPool(threads: threads) { Philox(seed: 4, purpose: .shuffling).permutation($0) }
        #expect(try run(.muon, workers: mixed) == alone)
    }

    @Test(arguments: [true, false])
    func bytesAreEqualWithAndWithoutRecomputation(tied: Bool) throws {
        let kept = try run(.adamW, tied: tied, workers: WorkerPool(threads: 2))
        #expect(try run(.adamW, tied: tied, workers: WorkerPool(threads: 2), recomputation: .always) == kept)
    }

    @Test func recomputationIsChosenWhereActivationsOutweighEverythingElse() throws {
        let small = DecoderLayout(try Fixture.configuration())
        #expect(Learner.retention(.automatic, small, longest: 64) == .everything)
        #expect(Learner.retention(.always, small, longest: 64) == .inputs)
        let large = DecoderLayout(
            try ModelConfiguration(
                vocabularySize: 49_152, hiddenSize: 576, layerCount: 30, headCount: 9, keyValueHeadCount: 3,
                intermediateSize: 1536, maximumPositions: 8192))
        #expect(Learner.retention(.automatic, large, longest: 256) == .everything)
        #expect(Learner.retention(.automatic, large, longest: 8192) == .inputs)
        #expect(Learner.retention(.never, large, longest: 8192) == .everything)
    }

    /// In a process of its own, as the limit is that of a process.
    @Test func bytesAreEqualOnAVX2AndOnTheWidestVectors() async {
        await #expect(processExitsWith: .success) {
            let (tests, workers) = (TrainingDeterminismTests(), WorkerPool(threads: 2))
            let optimizers = [TrainingOptions.Optimizer.adamW, .muon]
            let wide = try optimizers.map { try tests.run($0, workers: workers) }
            decant_limit_vectors(decant_vectors_avx2)
            #expect(decant_vectors() == decant_vectors_avx2)
            #expect(try optimizers.map { try tests.run($0, workers: workers) } == wide)
        }
    }
}
