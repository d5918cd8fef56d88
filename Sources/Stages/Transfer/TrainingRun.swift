import Engine
import Planner

extension StageContext {
    /// Trains the model of the input `model` on examples, and writes it with its curve.
    func train(on examples: [TrainingExample], loss: any ResponseLoss, parameters: TrainingParameters) throws {
        let trainer = try Trainer(
            modelFolder("model").model(), on: examples, loss: loss, options: TrainingOptions(parameters), workers: workers)
        try train(trainer.learner, parameters: parameters) { trainer.advance() }
    }

    /// Takes a learner through the steps that are left, and writes its model, with the tokenizer of the input `model`, and its
    /// curve. A checkpoint holds the learner and the curve: whatever else a step needs must follow from these and the step.
    ///
    /// - Parameters:
    ///   - hasEnded: asked before every step; ends the training early, or throws to fail it.
    ///   - advance: runs one step; may add readings to it.
    /// - Returns: the steps, from the first one on.
    @discardableResult
    func train(
        _ learner: Learner, parameters: TrainingParameters, until hasEnded: (TrainingCurve) throws -> Bool = { _ in false },
        advance: () throws -> TrainingStep
    ) throws -> [TrainingStep] {
        var curve = TrainingCurve()
        let resumed = checkpoint?.resume { file in
            let kept = try TrainingCurve(file)
            try learner.restore(LearnerState(file, step: kept.steps.count))
            curve = kept
        }
        if resumed == true { report(curve, of: parameters) }
        while learner.step < parameters.steps, try !hasEnded(curve) {
            curve.append(try advance())
            report(curve, of: parameters)
            try checkpoint?.offer(done: learner.step) { learner.state.tensors.merging(curve.tensors) { $1 } }
        }
        learner.releaseActivations()
        if let last = curve.steps.last, !last.loss.isFinite {
            throw StageFailure("the loss is not a number any more; lower the learning rate (it is \(parameters.learningRate))")
        }
        try write(learner.model, tokenizerFrom: "model")
        try write(lines: curve.lines, to: "curve.jsonl")
        return curve.steps
    }

    private func report(_ curve: TrainingCurve, of parameters: TrainingParameters) {
        report(
            .init(
                done: curve.steps.count, total: parameters.steps, unit: "step",
                readings: curve.steps.last.map { $0.readings.merging(["loss": $0.loss]) { $1 } } ?? [:]))
    }
}

extension TrainingOptions {
    init(_ parameters: TrainingParameters) {
        self.init(
            steps: parameters.steps, batch: parameters.batch, learningRate: parameters.learningRate,
            optimizer: parameters.optimizer == .muon ? .muon : .adamW, warmup: parameters.warmup,
            weightDecay: parameters.weightDecay, seed: UInt64(bitPattern: Int64(parameters.seed)))
    }
}
