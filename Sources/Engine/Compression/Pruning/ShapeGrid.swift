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

    /// The share of all parameters that a shape does without.
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
