import Engine
import Planner

/// Looks at the set `valid` now and then during a training, and keeps what was trained as it was at the best look.
///
/// The loss is the token cross entropy of the rows' own answers, whatever is trained on.
struct Validation {
    private let rows: [TrainingExample]
    private let parameters: ValidationParameters
    private let steps: Int
    private var best: (loss: Double, values: [Float])?
    /// Looks since the best one.
    private var worseLooks = 0

    static let reading = "validation_loss"
    private static let tensor = "best_values"

    /// Reads the input `data`; `nil` where nothing is to be looked at.
    init?(_ training: TrainingParameters, model: Model, in context: StageContext) throws {
        guard let parameters = training.validation else { return nil }
        guard context.hasInput("data") else { throw StageFailure("validation needs the input 'data', for its set 'valid'") }
        let reader = ResponseRows(
            prompts: try context.modelFolder("model").prompts(parameters.prompt),
            functions: try context.readFunctions("data"))
        let format = parameters.answer ?? .call
        rows = try context.readRows("data", "valid.jsonl").map { try reader.example(of: $0, format: format) }
        guard !rows.isEmpty else { throw StageFailure("the set 'valid' has no rows to validate on; raise 'data.split.valid'") }
        for (index, row) in rows.enumerated() { try row.check(model.configuration, loss: .crossEntropy, index: index) }
        self.parameters = parameters
        steps = training.steps
    }

    /// Whether so many looks were no better than the best one that training may end.
    var isExhausted: Bool { parameters.patience.map { worseLooks >= $0 } ?? false }

    /// What was trained, as it was at the best look; `nil` before the first.
    var bestValues: [Float]? { best?.values }

    /// Looks at the learner after a step, where that is due: every so many steps, and after the last.
    mutating func look(at learner: Learner, after step: inout TrainingStep) {
        guard learner.step.isMultiple(of: parameters.every) || learner.step == steps else { return }
        let loss = learner.meanLoss(of: rows)
        step.readings[Self.reading] = loss
        if loss < best?.loss ?? .infinity {
            best = (loss, learner.trainedValues)
            worseLooks = 0
        } else {
            worseLooks += 1
        }
    }
}

/// What a checkpoint holds of it: the best values; the rest follows from the curve.
extension Validation {
    var tensors: [String: StoredTensor] {
        best.map { [Self.tensor: StoredTensor($0.values, shape: [$0.values.count])] } ?? [:]
    }

    func restored(_ file: SafeTensors, _ curve: TrainingCurve) throws -> Validation {
        var restored = self
        restored.best = nil
        restored.worseLooks = 0
        for loss in curve.steps.compactMap({ $0.readings[Self.reading] }) {
            if loss < restored.best?.loss ?? .infinity {
                restored.best = (loss, [])
                restored.worseLooks = 0
            } else {
                restored.worseLooks += 1
            }
        }
        if restored.best != nil { restored.best?.values = try file.floats(Self.tensor) }
        return restored
    }
}
