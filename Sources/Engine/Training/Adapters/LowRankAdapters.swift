import CKernels

/// The factors that a training with adapters found.
package struct LowRankAdapters: Sendable {
    package let adaptation: LowRankAdaptation
    /// As the model's layout has them.
    package internal(set) var values: [Float]
    let layout: AdapterLayout

    /// - Parameter values: as many as the layout has.
    init(_ layout: AdapterLayout, values: [Float]) {
        adaptation = layout.adaptation
        self.layout = layout
        self.values = values
    }

    /// New factors for a model: A uniform in ±1/√in, as the library `peft` draws them, and B zero, so that they change nothing.
    package init(_ adaptation: LowRankAdaptation, for model: Model, seed: UInt64) throws(TrainingError) {
        try adaptation.check()
        let layout = AdapterLayout(adaptation, model.parameters)
        var values = [Float](repeating: 0, count: layout.count)
        for (index, pair) in layout.pairs.enumerated() {
            let random = Philox(seed: seed, purpose: .adapters, step: UInt64(index))
            let bound = 1 / Double(pair.a.shape[1]).squareRoot()
            for place in 0..<pair.a.count {
                values[pair.a.offset + place] = Float((2 * random.uniform(UInt32(truncatingIfNeeded: place)) - 1) * bound)
            }
        }
        self.init(layout, values: values)
    }

    /// The model with (alpha / rank)·B·A added to every adapted matrix.
    /// - Throws: `TrainingError` when the factors are of a model of another shape.
    package func merged(into model: Model, workers: WorkerPool) throws(TrainingError) -> Model {
        guard layout.pairs.map(\.matrix) == AdapterLayout(adaptation, model.parameters).pairs.map(\.matrix) else {
            throw TrainingError("The adapters are of a model of another shape.")
        }
        let weights = model.values.buffer.copy()
        layout.merge(FloatBuffer(values), of: model.values, into: weights, workers: workers)
        return Model(model.layout, values: ModelWeights(adopting: weights))
    }
}

extension AdapterLayout {
    /// Every adapted matrix of `weights` becomes the model's own plus (alpha / rank)·B·A.
    func merge(_ factors: FloatBuffer, of model: ModelWeights, into weights: FloatBuffer, workers: WorkerPool) {
        let rank = adaptation.rank
        model.withUnsafeBufferPointer { model in
            guard let base = model.baseAddress else { return }
            workers.forEach(pairs.count) { index in
                let pair = pairs[index]
                let (rows, columns) = (pair.matrix.shape[0], pair.matrix.shape[1])
                withUnsafeTemporaryAllocation(of: Float.self, capacity: rows * rank) { scaled in
                    guard let b = scaled.baseAddress else { return }
                    b.update(from: factors.base + pair.b.offset, count: rows * rank)
                    decant_scale(b, adaptation.scale, rows * rank)
                    let matrix = weights.base + pair.matrix.offset
                    matrix.update(from: base + pair.matrix.offset, count: pair.matrix.count)
                    MatrixMultiply.product(
                        MatrixView(b, rows, rank), MatrixView(factors.base + pair.a.offset, rank, columns),
                        into: MatrixView(matrix, rows, columns), .adding)
                }
            }
        }
    }
}
