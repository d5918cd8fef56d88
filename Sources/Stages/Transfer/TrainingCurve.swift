import CanonicalJSON
import Engine

/// The curve of a training so far: one entry for each step done, from step 0.
package struct TrainingCurve {
    /// A line for each step.
    package static let file = File<[JSON]>("curve.jsonl")

    private(set) var steps: [TrainingStep] = []

    init() {}

    mutating func append(_ step: TrainingStep) { steps.append(step) }

    mutating func replaceLast(with step: TrainingStep) { steps[steps.count - 1] = step }

    /// The lines of the file.
    var lines: [JSON] {
        steps.map { step in
            var line: [String: JSON] = [
                "step": .count(step.step), "loss": .number(step.loss), "learning_rate": .number(step.learningRate),
                "gradient_norm": .number(step.gradientNorm), "tokens": .count(step.tokens),
            ]
            for (name, value) in step.readings { line[name] = .number(value) }
            return .object(line)
        }
    }
}

/// The curve as a checkpoint holds it.
extension TrainingCurve {
    private static let readings = "curve.reading."

    init(_ file: SafeTensors) throws {
        let losses = try file.doubles("curve.loss")
        let rates = try file.doubles("curve.learning_rate")
        let norms = try file.doubles("curve.gradient_norm")
        let tokens = try file.integers("curve.tokens")
        var readings: [String: [Double]] = [:]
        for tensor in file.names where tensor.hasPrefix(Self.readings) {
            readings[String(tensor.dropFirst(Self.readings.count))] = try file.doubles(tensor)
        }
        guard ([rates.count, norms.count, tokens.count] + readings.values.map(\.count)).allSatisfy({ $0 == losses.count })
        else { throw CheckpointFault("its tensors do not fit each other") }
        steps = losses.indices.map { step in
            TrainingStep(
                step: step, loss: losses[step], learningRate: rates[step], gradientNorm: norms[step], tokens: tokens[step],
                // NaN means that the step has no such reading.
                readings: readings.mapValues { $0[step] }.filter { !$0.value.isNaN })
        }
    }

    var tensors: [String: StoredTensor] {
        var tensors = [
            "curve.loss": StoredTensor(doubles: steps.map(\.loss), shape: [steps.count]),
            "curve.learning_rate": StoredTensor(doubles: steps.map(\.learningRate), shape: [steps.count]),
            "curve.gradient_norm": StoredTensor(doubles: steps.map(\.gradientNorm), shape: [steps.count]),
            "curve.tokens": StoredTensor(steps.map { Int64($0.tokens) }, shape: [steps.count]),
        ]
        for name in Set(steps.flatMap(\.readings.keys)) {
            tensors[Self.readings + name] = StoredTensor(
                doubles: steps.map { $0.readings[name] ?? .nan }, shape: [steps.count])
        }
        return tensors
    }
}
