import Engine
import Planner

extension StageContext {
    /// Trains the model of the input `model`, and writes it with its curve.
    func train(on examples: [TrainingExample], loss: TransferLoss, parameters: TrainingParameters) throws {
        let options = TrainingOptions(parameters, products: products)
        let trainer = try Trainer(modelFolder("model").model(), on: examples, loss: loss, options: options, workers: workers)
        var curve = TrainingCurve()
        let resumed = checkpoint?.resume { file in
            let kept = try TrainingCurve(file)
            try trainer.restore(TrainerState(file, step: kept.steps.count))
            curve = kept
        }
        if resumed == true { report(curve, of: parameters) }
        let trained = try trainer.run { step in
            curve.append(step)
            report(curve, of: parameters)
            try checkpoint?.offer(done: trainer.step) { trainer.state.tensors.merging(curve.tensors) { $1 } }
        }
        if let last = curve.steps.last, !last.loss.isFinite {
            throw StageFailure("the loss is not a number any more; lower the learning rate (it is \(parameters.learningRate))")
        }
        try write(trained, tokenizerFrom: "model")
        try write(lines: curve.lines, to: "curve.jsonl")
    }

    private func report(_ curve: TrainingCurve, of parameters: TrainingParameters) {
        report(
            .init(
                done: curve.steps.count, total: parameters.steps, unit: "step",
                readings: curve.steps.last.map { ["loss": $0.loss] } ?? [:]))
    }
}

extension TrainingOptions {
    init(_ parameters: TrainingParameters, products: ProductPrecision) {
        self.init(
            steps: parameters.steps, batch: parameters.batch, learningRate: parameters.learningRate,
            optimizer: parameters.optimizer == .muon ? .muon : .adamW, warmup: parameters.warmup,
            weightDecay: parameters.weightDecay, products: products, seed: UInt64(bitPattern: Int64(parameters.seed)))
    }
}
