import Foundation

/// A training's state as tensors of a file: what is trained, and its moments.
extension LearnerState {
    private static let names = (weights: "weights", first: "first_moments", second: "second_moments")

    /// - Throws: `ModelFileError` where the file has no such tensors.
    package init(_ file: SafeTensors, step: Int) throws {
        self.init(
            step: step, weights: try file.floats(Self.names.weights), firstMoments: try file.floats(Self.names.first),
            secondMoments: try file.floats(Self.names.second))
    }

    /// Of what is trained.
    package static func trainedValues(in file: SafeTensors) throws -> [Float] { try file.floats(names.weights) }

    /// A copy that later steps leave alone, made by all workers. Any thread may read it.
    static func stored(
        _ weights: FloatBuffer, _ optimizer: Optimizer, _ workers: WorkerPool
    ) -> [String: StoredTensor] {
        [
            names.weights: weights.stored(copiedBy: workers), names.first: optimizer.firstMoments.stored(copiedBy: workers),
            names.second: optimizer.secondMoments.stored(copiedBy: workers),
        ]
    }

    /// Bytes of the copy.
    static func bytes(of weights: FloatBuffer) -> Int { 3 * weights.count * MemoryLayout<Float>.stride }
}

extension Learner {
    /// The numbers of `state` as they are now.
    package var storedState: [String: StoredTensor] { LearnerState.stored(trained.values, optimizer, workers) }
    package var storedBytes: Int { LearnerState.bytes(of: trained.values) }
}

extension Model {
    /// The model that a training with these options has made of this one.
    ///
    /// - Parameter values: of what is trained: all weights, or adapters.
    /// - Throws: `TrainingError` when these are not as many numbers.
    package func trained(to values: [Float], options: TrainingOptions, workers: WorkerPool) throws(TrainingError) -> Model {
        guard let adaptation = options.adaptation else {
            guard values.count == parameterCount else { throw Self.misfit(values.count, parameterCount) }
            return Model(layout, values: ModelWeights(adopting: FloatBuffer(values)))
        }
        var adapters = try LowRankAdapters(adaptation, for: self, seed: options.seed)
        guard values.count == adapters.values.count else { throw Self.misfit(values.count, adapters.values.count) }
        adapters.values = values
        return try adapters.merged(into: self, workers: workers)
    }

    private static func misfit(_ found: Int, _ wanted: Int) -> TrainingError {
        TrainingError("There are \(found) numbers for the \(wanted) that are trained.")
    }
}

extension FloatBuffer {
    private static let copiedRange = 1 << 20

    /// A copy as a tensor [count]. Its memory comes in large pages, and is given back with the tensor.
    fileprivate func stored(copiedBy workers: WorkerPool) -> StoredTensor {
        let copy = FloatBuffer(count: count)
        withExtendedLifetime(self) {
            workers.forEachRange(count, size: Self.copiedRange) { range in
                (copy.base + range.lowerBound).update(from: base + range.lowerBound, count: range.count)
            }
        }
        let owner = FrozenFloats(copy)
        let bytes = Data(
            bytesNoCopy: UnsafeMutableRawPointer(copy.base), count: count * MemoryLayout<Float>.stride,
            deallocator: .custom { _, _ in withExtendedLifetime(owner) {} })
        return StoredTensor(elementType: .float32, shape: [count], bytes: bytes)
    }
}

/// Floats that nobody changes any more, so that threads may share them.
private final class FrozenFloats: @unchecked Sendable {
    private let buffer: FloatBuffer

    init(_ buffer: FloatBuffer) { self.buffer = buffer }
}
