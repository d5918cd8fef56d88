import Engine
import Kinds
import Words

extension StageContext {
    /// Trains a model, that of the input `model`, on examples, and writes it with its curve.
    ///
    /// - Parameter dropout: the share of the prompts' tokens that a step leaves out.
    func train(
        _ model: Model, on examples: [TrainingExample], loss: any ResponseLoss, dropout share: Double,
        parameters: TrainingParameters
    ) throws {
        let dropout = share > 0 ? TokenDropout(share: share, tokenizer: try modelFolder("model").tokenizer()) : nil
        let examples = try fitted(examples, to: parameters)
        let options = try trainingOptions(parameters, of: model, rows: examples.count)
        let trainer = try Trainer(model, on: examples, loss: loss, dropout: dropout, options: options, workers: workers)
        try train(trainer.learner, parameters: parameters) { trainer.advance() }
    }

    /// Runs the remaining steps of a training. Writes the curve, and the adapters or the model with the tokenizer of the input
    /// `model`; with validation, those of the best check. A trunk writes its state instead. A checkpoint, and a state, hold the
    /// learner, the curve and the best values: everything else that a step needs must follow from these and the step.
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
        let options = learner.options
        var validation = try Validation(parameters, model: learner.model, in: self)
        func restore(_ file: SafeTensors) throws {
            let kept = try TrainingCurve(file)
            validation = try validation?.restored(file, kept)
            try learner.restore(LearnerState(file, step: kept.steps.count))
            curve = kept
        }
        func state() -> [String: StoredTensor] {
            learner.storedState.merging(curve.tensors) { $1 }.merging(validation?.tensors ?? [:]) { $1 }
        }
        let resumed = checkpoint?.resume(restore) ?? false
        if !resumed { try goOn(parameters, options, restore) }
        if !curve.steps.isEmpty { report(curve, of: options) }
        while learner.step < options.steps, validation?.isExhausted != true, try !hasEnded(curve) {
            var step = try advance()
            validation?.check(learner, after: &step)
            curve.append(step)
            report(curve, of: options)
            try checkpoint?.offer(done: learner.step, bytes: learner.storedBytes, state)
        }
        learner.releaseActivations()
        if let last = curve.steps.last, !last.loss.isFinite {
            throw StageFailure("the loss is not a number any more; lower the learning rate (it is \(options.learningRate))")
        }
        if parameters.isTrunk {
            try SafeTensors.write(state(), to: output(TrainingState.file))
            return curve.steps
        }
        if learner.step == options.steps { validation?.checkAtEnd(learner, &curve) }
        if let best = validation?.bestValues { try learner.replaceTrainedValues(with: best) }
        if let adapters = learner.adapters {
            try AdapterFolder(output("")).write(adapters)
        } else {
            try write(learner.model, tokenizerFrom: "model")
        }
        try write(curve.lines, to: TrainingCurve.file)
        return curve.steps
    }

    private func report(_ curve: TrainingCurve, of options: TrainingOptions) {
        report(
            .init(
                done: curve.steps.count, total: options.steps, unit: "step",
                readings: curve.steps.last.map { $0.readings.merging(["loss": $0.loss]) { $1 } } ?? [:]))
    }
}

extension StageContext {
    /// How a model learns: what the parameters say, and what follows from the model and its rows.
    ///
    /// - Parameters:
    ///   - count: rows, prompts or pairs that the training goes through.
    ///   - rateShare: of the learning rate that follows from the model's size.
    func trainingOptions(
        _ parameters: TrainingParameters, of model: Model, rows count: Int, rateShare: Double = 1
    ) throws(StageFailure) -> TrainingOptions {
        let adaptation = parameters.adaptation
        let rate =
            parameters.learningRate
            ?? rateShare * TuningRate.rate(parameterCount: model.parameterCount, adapters: adaptation != nil)
        var options = TrainingOptions(
            steps: try parameters.stepCount(over: count), batch: parameters.batch, learningRate: rate,
            optimizer: parameters.optimizer, warmup: parameters.warmup, weightDecay: parameters.weightDecay,
            products: products, seed: UInt64(bitPattern: Int64(parameters.seed)))
        options.warmupSteps = parameters.warmupSteps
        options.schedule = parameters.schedule
        options.decay = parameters.decay ?? LearningRateSchedule.standardDecay
        options.clippingNorm = parameters.clippingNorm
        options.adaptation = adaptation
        options.sharesPrefixes = parameters.sharePrefixes
        if parameters.learningRate == nil { log("learning rate \(rate): by the model's \(model.parameterCount) parameters") }
        if let epochs = parameters.epochs { log("\(epochs) epochs of \(count) rows are \(options.steps) steps") }
        return options
    }
}

extension TrainingParameters {
    var adaptation: LowRankAdaptation? {
        lora.map { LowRankAdaptation(rank: $0.rank, alpha: $0.alpha, targets: $0.targets) }
    }

    /// Steps of the training; the last of `epochs` may begin another one.
    fileprivate func stepCount(over count: Int) throws(StageFailure) -> Int {
        if let steps { return steps }
        guard let epochs else { throw StageFailure("the training has neither 'steps' nor 'epochs'; give one of the two") }
        return max(1, Int((epochs * Double(count) / Double(batch)).rounded(.up)))
    }
}

extension TrainSFT: RunnableStage {
    package static let artifact: [Output] = .ofTraining

    package func run(in context: StageContext) throws {
        let rows = try context.responseRows(prompt, answer)
        let examples = try context.examplesToLearn(rows, answer: answer)
        try context.train(
            context.modelFolder("model").model(), on: examples,
            loss: TransferLoss([.init(.crossEntropy, weight: 1)], promptShare: promptShare),
            dropout: tokenDropout, parameters: training)
    }
}
