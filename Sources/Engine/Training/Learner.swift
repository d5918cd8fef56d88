import CKernels

/// A model under an optimizer: takes a step on whatever rows it is given.
///
/// A step's rows are cut into micro-batches by a fixed rule, their gradients summed in a fixed order: the weights after n
/// steps are a function of model, rows, losses and options alone.
package final class Learner {
    package let options: TrainingOptions
    /// Steps done.
    package internal(set) var step = 0

    let configuration: ModelConfiguration
    let trained: TrainedWeights
    let optimizer: Optimizer
    private let layout: DecoderLayout
    let workers: WorkerPool
    private let decoder: Decoder
    private let pass: GradientPass

    /// - Parameter longest: tokens of a row, at most.
    /// - Throws: `TrainingError` when an option is out of range or the model does not read so many tokens.
    package init(_ model: Model, longest: Int, options: TrainingOptions, workers: WorkerPool) throws(TrainingError) {
        try options.check()
        guard (1...model.configuration.maximumPositions).contains(longest) else {
            throw TrainingError(
                "Rows may have \(longest) tokens; the model's limit is \(model.configuration.maximumPositions).")
        }
        let trained: TrainedWeights
        if let adaptation = options.adaptation {
            trained = TrainedWeights(try LowRankAdapters(adaptation, for: model, seed: options.seed), beside: model)
        } else {
            trained = TrainedWeights(model)
        }
        self.trained = trained
        self.options = options
        self.workers = workers
        configuration = model.configuration
        layout = model.layout
        decoder = Decoder(
            model.layout, weights: trained.model, positions: longest, workers: workers, products: options.products)
        pass = GradientPass(
            parameterCount: trained.values.count,
            adapters: trained.adapters.map { Gradients.Adapters(layout: $0, values: trained.values) },
            keeping: Learner.retention(options.recomputation, model.layout, longest: longest))
        optimizer = Optimizer(trained.parameters, options)
    }

    /// The model after the steps done so far.
    package var model: Model { Model(layout, values: ModelWeights(copying: trained.model)) }

    /// The same, to run, in the arithmetic of the training.
    var inferenceModel: InferenceModel {
        var inference = InferenceModel(model)
        inference.products = options.products
        return inference
    }

    /// The adapters after the steps done so far; `nil` where all weights are trained.
    package var adapters: LowRankAdapters? { trained.adapters.map { LowRankAdapters($0, values: trained.values.values) } }

    /// What is trained: all weights, or adapters.
    package var trainedValues: [Float] { trained.values.values }

    /// Goes back to what was trained as it was after an earlier step; moments and the step stay.
    /// - Throws: `TrainingError` when these are not as many numbers.
    package func replaceTrainedValues(with values: [Float]) throws(TrainingError) {
        guard values.count == trained.values.count else {
            throw TrainingError("There are \(values.count) numbers for the \(trained.values.count) that are trained.")
        }
        trained.values.replace(with: values)
        trained.settle(workers: workers)
    }

    /// The mean cross entropy of the rows' response tokens, under the model as it is. Rows must fit the model, and may be
    /// longer than those that it learns from.
    package func meanLoss(of rows: [TrainingExample]) -> Double {
        let reader = Decoder(
            layout, weights: trained.model, positions: rows.map(\.tokens.count).max() ?? 1, workers: workers,
            products: options.products)
        let tokens = rows.reduce(0) { $0 + $1.responseLength }
        return -reader.responseLogProbabilities(rows).reduce(0, +) / Double(tokens)
    }

    /// Runs one step on rows that fit the model and the loss; see `TrainingExample.check`.
    package func advance(on rows: [TrainingExample], loss: some ResponseLoss) -> TrainingStep {
        defer { step += 1 }
        return update(on: rows, loss: loss, number: step)
    }

    /// Moves the weights once, at this step's learning rate; `number` counts the optimizer's updates from 0.
    func update(on rows: [TrainingExample], loss: some ResponseLoss, number: Int) -> TrainingStep {
        let responseTokens = rows.reduce(0) { $0 + $1.responseLength }
        let lossSum = computeGradients(rows, loss, scale: 1 / Float(responseTokens))
        let norm = sumOfSquares().squareRoot()
        let rate = options.learningRate(atStep: step)
        optimizer.update(
            trained.values, gradient: pass.gradient, gradientScale: min(1, options.clippingNorm / (norm + 1e-6)), step: number,
            learningRate: rate, workers: workers)
        trained.settle(workers: workers)
        return TrainingStep(
            step: step, loss: lossSum / Double(responseTokens), learningRate: rate, gradientNorm: norm,
            tokens: rows.reduce(0) { $0 + $1.tokens.count })
    }

    /// ln of the probability that the model gives each row's response.
    func responseLogProbabilities(_ rows: [TrainingExample]) -> [Double] { decoder.responseLogProbabilities(rows) }

    /// Gives back the memory of the activations.
    package func releaseActivations() { pass.releaseActivations() }

    /// Fills the gradient; returns the summed loss.
    private func computeGradients(_ rows: [TrainingExample], _ loss: some ResponseLoss, scale: Float) -> Double {
        let weights = PositionWeights(rows, promptShare: loss.promptShare)
        return MicroBatches.cut(lengths: rows.map(\.tokens.count)).enumerated().reduce(0) { sum, part in
            let (index, range) = part
            return sum
                + pass.run(
                    Array(rows[range]), firstRow: range.lowerBound, decoder: decoder, loss: loss, weights: weights,
                    scale: scale, index == 0 ? .replacing : .adding)
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
}
