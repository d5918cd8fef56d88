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
    /// curve; where training looks at a validation set, the model of the best look. A checkpoint holds the learner, the curve and
    /// the best weights: whatever else a step needs must follow from these and the step.
    ///
    /// - Parameter advance: runs one step; may add readings to it.
    func train(_ learner: Learner, parameters: TrainingParameters, advance: () throws -> TrainingStep) throws {
        var curve = TrainingCurve()
        var validation = try Validation(parameters, model: learner.model, in: self)
        let resumed = checkpoint?.resume { file in
            let kept = try TrainingCurve(file)
            validation = try validation?.restored(file, kept)
            try learner.restore(LearnerState(file, step: kept.steps.count))
            curve = kept
        }
        if resumed == true { report(curve, of: parameters) }
        while learner.step < parameters.steps, validation?.isExhausted != true {
            var step = try advance()
            validation?.look(at: learner, after: &step)
            curve.append(step)
            report(curve, of: parameters)
            try checkpoint?.offer(done: learner.step) {
                learner.state.tensors.merging(curve.tensors) { $1 }.merging(validation?.tensors ?? [:]) { $1 }
            }
        }
        learner.releaseActivations()
        if let last = curve.steps.last, !last.loss.isFinite {
            throw StageFailure("the loss is not a number any more; lower the learning rate (it is \(parameters.learningRate))")
        }
        try write(learner.model(withWeights: validation?.bestWeights), tokenizerFrom: "model")
        try write(lines: curve.lines, to: "curve.jsonl")
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
