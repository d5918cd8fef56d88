import Engine
import Kinds

/// Measures the loss on the set `valid` during a training, and keeps the trained values of the best check.
///
/// The loss is the token cross entropy of the rows' own answers, whatever is trained on.
struct Validation {
    private let rows: [TrainingExample]
    private let parameters: ValidationParameters
    private var best: (loss: Double, values: [Float])?
    /// Checks since the best one.
    private var worseChecks = 0

    static let reading = "validation_loss"
    private static let tensor = "best_values"

    /// Reads the input `data`; `nil` where the training has no validation.
    init?(_ training: TrainingParameters, model: Model, in context: StageContext) throws {
        guard let parameters = training.validation else { return nil }
        guard context.hasInput("data") else { throw StageFailure("validation needs the input 'data', for its set 'valid'") }
        let reader = try context.responseRows(parameters.prompt, parameters.answer)
        let format = parameters.answer
        let labelled = try context.readLabelled(DataFiles.valid)
        let examples = try labelled.evenlySpread(parameters.rows ?? labelled.count).map {
            try reader.example(of: $0, format: format)
        }
        rows = try context.fitted(examples, within: model.configuration)
        guard !rows.isEmpty else { throw StageFailure("the set 'valid' has no rows to validate on; raise 'data.split.valid'") }
        for (index, row) in rows.enumerated() { try row.check(model.configuration, loss: .crossEntropy, index: index) }
        self.parameters = parameters
    }

    /// Whether so many checks were no better than the best one that the training may end.
    var isExhausted: Bool { parameters.patience.map { worseChecks >= $0 } ?? false }

    /// The trained values at the best check; `nil` before the first.
    var bestValues: [Float]? { best?.values }

    /// Checks the learner after a step where a check is due.
    mutating func check(_ learner: Learner, after step: inout TrainingStep) {
        if learner.step.isMultiple(of: parameters.every) { look(at: learner, after: &step) }
    }

    /// Checks the learner after the last step of its training, unless that was done. No state has this check: a longer training
    /// does not make it.
    mutating func checkAtEnd(_ learner: Learner, _ curve: inout TrainingCurve) {
        guard var last = curve.steps.last, last.readings[Self.reading] == nil else { return }
        look(at: learner, after: &last)
        curve.replaceLast(with: last)
    }

    private mutating func look(at learner: Learner, after step: inout TrainingStep) {
        let loss = learner.meanLoss(of: rows)
        step.readings[Self.reading] = loss
        if loss < best?.loss ?? .infinity {
            best = (loss, learner.trainedValues)
            worseChecks = 0
        } else {
            worseChecks += 1
        }
    }
}

/// A checkpoint holds the best values; the rest follows from the curve.
extension Validation {
    var tensors: [String: StoredTensor] {
        best.map { [Self.tensor: StoredTensor($0.values, shape: [$0.values.count])] } ?? [:]
    }

    func restored(_ file: SafeTensors, _ curve: TrainingCurve) throws -> Validation {
        var restored = self
        restored.best = nil
        restored.worseChecks = 0
        for loss in curve.steps.compactMap({ $0.readings[Self.reading] }) {
            if loss < restored.best?.loss ?? .infinity {
                restored.best = (loss, [])
                restored.worseChecks = 0
            } else {
                restored.worseChecks += 1
            }
        }
        if restored.best != nil { restored.best?.values = try file.floats(Self.tensor) }
        return restored
    }
}

extension StageContext {
    /// Rows of the set `valid` as far as the model reads them.
    fileprivate func fitted(_ examples: [TrainingExample], within model: ModelConfiguration) throws -> [TrainingExample] {
        let fitted = examples.compactMap { $0.cut(to: model.maximumPositions) }
        let shortened = examples.count { $0.tokens.count > model.maximumPositions }
        if shortened > 0 {
            log(
                "\(shortened) of \(examples.count) rows of \(DataFiles.valid.name) are longer than the model reads, and lose "
                    + "their end; \(examples.count - fitted.count) of them are left out, whose prompts leave no room for an "
                    + "answer")
        }
        return fitted
    }
}
