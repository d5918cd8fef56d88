/// Trains a model on examples: every epoch goes through them in an order of its own.
public final class Trainer {
    public let learner: Learner

    private let examples: [TrainingExample]
    private let loss: any ResponseLoss
    private var epoch: (number: Int, order: [Int])

    /// - Parameter adapters: these are trained, and the model stays as it is; without them the model is.
    /// - Throws: `TrainingError` when an example does not fit the model or the loss.
    public init(
        _ model: Model, on examples: [TrainingExample], loss: any ResponseLoss = TransferLoss.crossEntropy,
        adapters: LowRankAdapters? = nil, options: TrainingOptions, workers: WorkerPool
    ) throws(TrainingError) {
        if examples.isEmpty { throw TrainingError("There are no examples to train on.") }
        try loss.check()
        for (index, example) in examples.enumerated() { try example.check(model.configuration, loss: loss, index: index) }
        let longest = examples.map(\.tokens.count).max() ?? 1
        learner =
            if let adapters {
                try Learner(adapters, beside: model, longest: longest, options: options, workers: workers)
            } else {
                try Learner(model, longest: longest, options: options, workers: workers)
            }
        self.examples = examples
        self.loss = loss
        epoch = (-1, [])
    }

    public var options: TrainingOptions { learner.options }

    /// Steps done.
    public var step: Int { learner.step }

    /// The model after the steps done so far.
    public var model: Model { learner.model }

    /// Runs the steps that are left and returns the trained model. `report` may take the state, or throw to end the run.
    public func run(report: (TrainingStep) throws -> Void = { _ in }) rethrows -> Model {
        try withExtendedLifetime(self) {
            while step < options.steps { try report(advance()) }
            learner.releaseActivations()
            return model
        }
    }

    /// Runs one step.
    public func advance() -> TrainingStep {
        let rows = (0..<options.batch).map { examples[exampleIndex(step * options.batch + $0)] }
        return learner.advance(on: rows, loss: loss)
    }

    private func exampleIndex(_ row: Int) -> Int {
        let number = row / examples.count
        if epoch.number != number {
            let random = Philox(seed: options.seed, purpose: .shuffling, step: UInt64(number))
            epoch = (number, random.permutation(examples.count))
        }
        return epoch.order[row % examples.count]
    }
}
