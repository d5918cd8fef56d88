/// Trains a model on examples: every epoch goes through them in an order of its own.
package final class Trainer {
    package let learner: Learner

    private let examples: [TrainingExample]
    private let loss: any ResponseLoss
    private let dropout: TokenDropout?
    private var order: EpochOrder

    /// - Throws: `TrainingError` when an example does not fit the model or the loss.
    package init(
        _ model: Model, on examples: [TrainingExample], loss: any ResponseLoss = TransferLoss.crossEntropy,
        dropout: TokenDropout? = nil, options: TrainingOptions, workers: WorkerPool
    ) throws(TrainingError) {
        if examples.isEmpty { throw TrainingError("There are no examples to train on.") }
        try loss.check()
        // The others may lack what the loss needs.
        let read = Set(EpochOrder.places(readBy: options, of: examples))
        for (index, example) in examples.enumerated() {
            let needed: any ResponseLoss = read.contains(index) ? loss : TransferLoss.crossEntropy
            try example.check(model.configuration, loss: needed, index: index)
        }
        learner = try Learner(
            model, longest: examples.map(\.tokens.count).max() ?? 1, options: options, workers: workers)
        if dropout != nil, loss.promptShare > 0, examples.contains(where: { !$0.teachers.isEmpty }) {
            throw TrainingError("A prompt whose teacher's logits are learned from cannot lose tokens.")
        }
        (self.examples, self.loss, self.dropout) = (examples, loss, dropout)
        order = EpochOrder(of: examples, options)
    }

    package var options: TrainingOptions { learner.options }

    /// Steps done.
    package var step: Int { learner.step }

    /// The model after the steps done so far.
    package var model: Model { learner.model }

    /// Runs the steps that are left and returns the trained model. `report` may take the state, or throw to end the run.
    package func run(report: (TrainingStep) throws -> Void = { _ in }) rethrows -> Model {
        try withExtendedLifetime(self) {
            while step < options.steps { try report(advance()) }
            learner.releaseActivations()
            return model
        }
    }

    /// Runs one step.
    package func advance() -> TrainingStep {
        let rows = order.batch(step, size: options.batch).map { examples[$0] }
        return learner.advance(on: dropout?.applied(to: rows, seed: options.seed, step: step) ?? rows, loss: loss)
    }
}

/// The order in which examples are gone through: every epoch has one of its own.
package struct EpochOrder {
    /// Examples that stay together.
    private let runs: [Range<Int>]
    private let count: Int
    private let seed: UInt64
    private var epoch: (number: Int, order: [Int]) = (-1, [])

    /// Every example moves by itself.
    init(count: Int, seed: UInt64) { self.init(runs: (0..<count).map { $0..<$0 + 1 }, seed: seed) }

    /// - Parameter runs: cover all examples, in order.
    init(runs: [Range<Int>], seed: UInt64) {
        (self.runs, self.seed) = (runs, seed)
        count = runs.last?.upperBound ?? 0
    }

    /// Where prefixes are shared, neighbours that begin alike stay together.
    init(of examples: [TrainingExample], _ options: TrainingOptions) {
        if options.sharesPrefixes {
            self.init(runs: SharedStarts.runs(of: examples), seed: options.seed)
        } else {
            self.init(count: examples.count, seed: options.seed)
        }
    }

    /// The places of the examples that the steps of a training come to, in rising order.
    package static func places(readBy options: TrainingOptions, of examples: [TrainingExample]) -> [Int] {
        let rows = max(0, options.steps * options.batch)
        guard rows < examples.count else { return Array(examples.indices) }
        var order = EpochOrder(of: examples, options)
        return order.batch(0, size: rows).sorted()
    }

    /// The examples of a step; steps count from 0.
    mutating func batch(_ step: Int, size: Int) -> [Int] {
        var batch: [Int] = []
        for row in step * size..<(step + 1) * size { batch.append(example(row)) }
        return batch
    }

    private mutating func example(_ row: Int) -> Int {
        let number = row / count
        if epoch.number != number {
            let order = Philox(seed: seed, purpose: .shuffling, step: UInt64(number)).permutation(runs.count)
            epoch = (number, order.flatMap { runs[$0] })
        }
        return epoch.order[row % count]
    }
}
