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
        (self.trained, self.options, self.workers) = (trained, options, workers)
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
        let norm = pass.gradient.sumOfSquares(on: workers).squareRoot()
        let rate = options.learningRate(atStep: step)
        optimizer.update(
            trained.values, gradient: pass.gradient, gradientScale: options.clippingScale(ofNorm: norm), step: number,
            learningRate: rate, workers: workers)
        trained.settle(workers: workers)
        return TrainingStep(
            step: step, loss: lossSum / Double(responseTokens), learningRate: rate, gradientNorm: norm,
            tokens: rows.reduce(0) { $0 + $1.tokens.count })
    }

    /// ln of the probability that the model gives each row's response.
    func responseLogProbabilities(_ rows: [TrainingExample]) -> [Double] { decoder.responseLogProbabilities(rows) }

    /// Tokens that went forward and backward in the steps done; those that rows shared count once.
    package var computedTokens: Int { pass.computedTokens }

    /// Gives back the memory of the activations.
    package func releaseActivations() { pass.releaseActivations() }

    /// Fills the gradient; returns the summed loss.
    private func computeGradients(_ rows: [TrainingExample], _ loss: some ResponseLoss, scale: Float) -> Double {
        let weights = PositionWeights(rows, promptShare: loss.promptShare)
        let passes =
            options.sharesPrefixes
            ? MicroBatches.sharing(rows, predicting: weights.span)
            : MicroBatches.cut(lengths: rows.map(\.tokens.count)).map { Array($0) }
        return passes.enumerated().reduce(0) { sum, part in
            let (index, places) = part
            return sum
                + pass.run(
                    places.map { rows[$0] }, places: places, sharing: options.sharesPrefixes, decoder: decoder, loss: loss,
                    weights: weights, scale: scale, index == 0 ? .replacing : .adding)
        }
    }

    /// What a pass of the usual size should keep. One that shares prefixes may have twice as many tokens.
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

/// All that a learner's further steps depend on, beside what it was made of.
package struct LearnerState: Hashable, Sendable {
    /// Steps done.
    package var step: Int
    /// Of all that is trained, in its order; the moments have the same.
    package var weights: [Float]
    package var firstMoments: [Float]
    package var secondMoments: [Float]

    package init(step: Int, weights: [Float], firstMoments: [Float], secondMoments: [Float]) {
        (self.step, self.weights, self.firstMoments, self.secondMoments) = (step, weights, firstMoments, secondMoments)
    }
}

extension Learner {
    package var state: LearnerState {
        LearnerState(
            step: step, weights: trained.values.values, firstMoments: optimizer.firstMoments.values,
            secondMoments: optimizer.secondMoments.values)
    }

    /// Goes back, or on, to a state of a learner that was made of the same model and options: the same steps that follow have
    /// the same bits as that learner's.
    /// - Throws: `TrainingError` when the state is of another model or of a longer training.
    package func restore(_ state: LearnerState) throws(TrainingError) {
        guard (0...options.steps).contains(state.step) else {
            throw TrainingError("The state is of step \(state.step); the training has \(options.steps).")
        }
        let parts = [
            (state.weights, trained.values), (state.firstMoments, optimizer.firstMoments),
            (state.secondMoments, optimizer.secondMoments),
        ]
        for (values, buffer) in parts where values.count != buffer.count {
            throw TrainingError("The state has \(values.count) numbers for the model's \(buffer.count) parameters.")
        }
        for (values, buffer) in parts { buffer.replace(with: values) }
        trained.settle(workers: workers)
        step = state.step
    }
}

/// The numbers that a training changes, and how the model's weights follow from them.
struct TrainedWeights {
    /// What the model computes with.
    let model: FloatBuffer
    /// What the optimizer moves: the same memory, unless adapters are trained.
    let values: FloatBuffer
    let parameters: [Parameter]
    let adapters: AdapterLayout?
    /// The model as it was, where it stays so.
    private let frozen: ModelWeights

    /// All weights of a model.
    init(_ model: Model) {
        self.model = model.values.buffer.copy()
        values = self.model
        parameters = model.parameters
        adapters = nil
        frozen = ModelWeights(count: 0)
    }

    /// Adapters beside a model that stays as it is.
    init(_ adapters: LowRankAdapters, beside model: Model) {
        self.model = model.values.buffer.copy()
        values = FloatBuffer(adapters.values)
        parameters = adapters.layout.parameters
        self.adapters = adapters.layout
        frozen = model.values
    }

    /// Has the model's weights follow from the values, after these have changed.
    func settle(workers: WorkerPool) {
        adapters?.merge(values, of: frozen, into: model, workers: workers)
    }
}
