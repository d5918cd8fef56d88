import CKernels

/// Trains a model on examples, step by step.
///
/// A step's rows are cut into micro-batches by a fixed rule, their gradients summed in a fixed order: the weights after n
/// steps are a function of model, examples, loss and options alone.
public final class Trainer {
    public let options: TrainingOptions
    /// Steps done.
    public internal(set) var step = 0

    private let layout: DecoderLayout
    private let examples: [TrainingExample]
    private let loss: TransferLoss
    private let workers: WorkerPool
    let weights: FloatBuffer
    private let decoder: Decoder
    private let pass: GradientPass
    let optimizer: Optimizer
    private var epoch: (number: Int, order: [Int])

    /// - Throws: `TrainingError` when an example does not fit the model or the loss.
    public init(
        _ model: Model, on examples: [TrainingExample], loss: TransferLoss = .crossEntropy, options: TrainingOptions,
        workers: WorkerPool
    ) throws(TrainingError) {
        try Trainer.check(model, examples, loss, options)
        layout = model.layout
        self.examples = examples
        self.loss = loss
        self.options = options
        self.workers = workers
        let longest = examples.map(\.tokens.count).max() ?? 1
        weights = FloatBuffer(model.values)
        decoder = Decoder(
            model.layout, weights: weights, positions: longest, workers: workers, products: options.products)
        pass = GradientPass(
            parameterCount: weights.count, keeping: Trainer.retention(options.recomputation, model.layout, longest: longest))
        optimizer = Optimizer(model.parameters, options)
        epoch = (-1, [])
    }

    /// The model after the steps done so far.
    public var model: Model { Model(layout, values: weights.values) }

    /// Runs the steps that are left and returns the trained model. `report` may take the state, or throw to end the run.
    public func run(report: (TrainingStep) throws -> Void = { _ in }) rethrows -> Model {
        try withExtendedLifetime(self) {
            while step < options.steps { try report(advance()) }
            pass.releaseActivations()
            return model
        }
    }

    /// Runs one step.
    public func advance() -> TrainingStep {
        let rows = (0..<options.batch).map { examples[exampleIndex(step * options.batch + $0)] }
        let responseTokens = rows.reduce(0) { $0 + $1.responseLength }
        let lossSum = computeGradients(rows, scale: 1 / Float(responseTokens))
        let norm = sumOfSquares().squareRoot()
        let rate = options.learningRate(atStep: step)
        optimizer.update(
            weights, gradient: pass.gradient, gradientScale: min(1, options.clippingNorm / (norm + 1e-6)), step: step,
            learningRate: rate, workers: workers)
        defer { step += 1 }
        return TrainingStep(
            step: step, loss: lossSum / Double(responseTokens), learningRate: rate, gradientNorm: norm,
            tokens: rows.reduce(0) { $0 + $1.tokens.count })
    }

    /// Every epoch goes through the examples in an order of its own.
    private func exampleIndex(_ row: Int) -> Int {
        let number = row / examples.count
        if epoch.number != number {
            let random = Philox(seed: options.seed, purpose: .shuffling, step: UInt64(number))
            epoch = (number, random.permutation(examples.count))
        }
        return epoch.order[row % examples.count]
    }

    /// Fills the gradient; returns the summed loss.
    private func computeGradients(_ rows: [TrainingExample], scale: Float) -> Double {
        MicroBatches.cut(lengths: rows.map(\.tokens.count)).enumerated().reduce(0) { sum, part in
            let (index, range) = part
            return sum
                + pass.run(
                    Array(rows[range]), decoder: decoder, loss: loss, scale: scale, index == 0 ? .replacing : .adding)
        }
    }

    /// Of the gradient, in parts of a fixed size.
    private func sumOfSquares() -> Double {
        let partSize = 1 << 15
        let gradient = pass.gradient
        var squares = [Double](repeating: 0, count: (gradient.count + partSize - 1) / partSize)
        squares.withUnsafeMutableBufferPointer { squares in
            workers.forEachRange(gradient.count, size: partSize) { range in
                squares[range.lowerBound / partSize] = decant_sum_of_squares(gradient.base + range.lowerBound, range.count)
            }
        }
        return squares.reduce(0, +)
    }

    static func retention(
        _ recomputation: TrainingOptions.Recomputation, _ layout: DecoderLayout, longest: Int
    ) -> Activations.Retention {
        let kept = Activations.bytesPerToken(layout.configuration) * max(longest, MicroBatches.tokenBudget)
        let others = 4 * layout.count * MemoryLayout<Float>.stride
        return switch recomputation {
        case .never: .everything
        case .always: .inputs
        case .automatic: kept > max(1 << 30, others) ? .inputs : .everything
        }
    }

    private static func check(
        _ model: Model, _ examples: [TrainingExample], _ loss: TransferLoss, _ options: TrainingOptions
    ) throws(TrainingError) {
        if examples.isEmpty { throw TrainingError("There are no examples to train on.") }
        if options.steps < 0 || options.batch < 1 {
            throw TrainingError("Training needs at least one row a step, not \(options.batch), and no negative steps.")
        }
        if !(0...1).contains(options.warmup) || !(options.learningRate > 0) || !options.learningRate.isFinite {
            throw TrainingError("Training needs a warm-up share from 0 to 1 and a learning rate above 0.")
        }
        if loss.terms.isEmpty || !(loss.temperature > 0) {
            throw TrainingError("A loss needs at least one term and a temperature above 0.")
        }
        for (index, example) in examples.enumerated() { try example.check(model.configuration, loss: loss, index: index) }
    }
}
