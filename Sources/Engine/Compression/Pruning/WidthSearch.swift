/// A shape that was pruned in one step, and the pruned model's perplexity on the calibration data.
package struct WidthCandidate: Hashable, Sendable {
    package let shape: ShapeGrid.Shape
    /// Over all tokens except the first of each sequence.
    package let perplexity: Double
}

/// The search for the best of several shapes: each is pruned in one step and scored by its perplexity.
package struct WidthSearch: Sendable {
    /// In the order of the shapes.
    package let candidates: [WidthCandidate]
    /// The place of the lowest perplexity; of equals the one with fewer parameters, then the first.
    package let best: Int

    /// What `checkpoint` saves is each shape's loss.
    /// - Throws: `ChannelPruningError` where there is no shape, or none leaves a model that computes numbers.
    package init(
        of shapes: [ShapeGrid.Shape], _ model: InferenceModel, by importance: ChannelImportance, on sequences: [[Int32]],
        workers: WorkerPool, checkpoint: ResultCheckpoint<[Double]> = .none
    ) throws {
        let candidates = try shapes.enumerated().map { index, shape in
            if let known = checkpoint.done[index]?.first {
                return WidthCandidate(shape: shape, perplexity: PortableMath.exp(known))
            }
            let selection = try ChannelSelection(
                model.model.configuration, hidden: shape.hidden, intermediate: shape.intermediate, by: importance)
            var pruned = InferenceModel(try model.model.keeping(selection))
            pruned.products = model.products
            let loss = try pruned.meanLoss(of: sequences, workers: workers)
            try checkpoint.save(index..<index + 1, [[loss]])
            return WidthCandidate(shape: shape, perplexity: PortableMath.exp(loss))
        }
        let finite = candidates.indices.filter { candidates[$0].perplexity.isFinite }
        let lowest = finite.min { a, b in
            (candidates[a].perplexity, candidates[a].shape.parameters, a)
                < (candidates[b].perplexity, candidates[b].shape.parameters, b)
        }
        guard let lowest else {
            throw ChannelPruningError("No shape that was tried leaves a model whose perplexity is a number.")
        }
        self.candidates = candidates
        best = lowest
    }
}

/// The shapes that width pruning can leave: the hidden and the intermediate size, each less a multiple of its step.
package struct ShapeGrid: Sendable {
    package struct Shape: Hashable, Sendable {
        package let hidden: Int
        package let intermediate: Int
        /// Of a model with this shape.
        package let parameters: Int
    }

    /// All parameters of the unpruned model.
    package let parameters: Int
    /// The widest first, the whole model's among them.
    package let shapes: [Shape]

    /// - Parameters:
    ///   - hiddenStep: embedding channels that go at once; 0 leaves them all.
    ///   - intermediateStep: neurons of a layer that go at once.
    package init(_ configuration: ModelConfiguration, hiddenStep: Int, intermediateStep: Int) {
        func sizes(_ whole: Int, _ step: Int) -> [Int] {
            step > 0 ? Array(stride(from: whole, to: 0, by: -step)) : [whole]
        }
        parameters = DecoderLayout(configuration).count
        shapes = sizes(configuration.hiddenSize, hiddenStep).flatMap { hidden in
            sizes(configuration.intermediateSize, intermediateStep).map { intermediate in
                var smaller = configuration
                smaller.hiddenSize = hidden
                smaller.intermediateSize = intermediate
                return Shape(hidden: hidden, intermediate: intermediate, parameters: DecoderLayout(smaller).count)
            }
        }
    }

    /// The share of all parameters that a shape removes.
    package func ratio(of shape: Shape) -> Double { 1 - Double(shape.parameters) / Double(parameters) }

    /// The shapes that remove something, and a share that is as near to `ratio` as `tolerance`.
    package func shapes(near ratio: Double, within tolerance: Double) -> [Shape] {
        shapes.filter { $0.parameters < parameters && abs(self.ratio(of: $0) - ratio) <= tolerance }
    }

    /// The shape whose share is nearest to `ratio`; of equals the larger one.
    package func nearest(to ratio: Double) -> Shape? {
        shapes.min { abs(self.ratio(of: $0) - ratio) < abs(self.ratio(of: $1) - ratio) }
    }
}
