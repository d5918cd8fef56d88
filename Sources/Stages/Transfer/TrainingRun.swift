import CanonicalJSON
import Engine
import Planner

extension StageContext {
    /// Trains the model of the input `model`, and writes it with its curve.
    func train(on examples: [TrainingExample], loss: TransferLoss, parameters: TrainingParameters) throws {
        let trainer = try Trainer(
            modelFolder("model").model(), on: examples, loss: loss, options: TrainingOptions(parameters), workers: workers)
        var curve: [JSON] = []
        let trained = trainer.run { step in
            curve.append([
                "step": .integer(Int64(step.step)), "loss": .number(step.loss), "learning_rate": .number(step.learningRate),
                "gradient_norm": .number(step.gradientNorm), "tokens": .integer(Int64(step.tokens)),
            ])
            report(.init(done: step.step + 1, total: parameters.steps, unit: "step", readings: ["loss": step.loss]))
        }
        if let last = curve.last?["loss"], last == .null {
            throw StageFailure("the loss is not a number any more; lower the learning rate (it is \(parameters.learningRate))")
        }
        try write(trained, tokenizerFrom: "model")
        try write(lines: curve, to: "curve.jsonl")
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
