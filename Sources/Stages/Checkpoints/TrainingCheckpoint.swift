import CanonicalJSON
import Engine

/// A trainer's state as a checkpoint holds it.
extension TrainerState {
    init(_ file: SafeTensors, step: Int) throws {
        self.init(
            step: step, weights: try file.floats("weights"), firstMoments: try file.floats("first_moments"),
            secondMoments: try file.floats("second_moments"))
    }

    var tensors: [String: StoredTensor] {
        [
            "weights": StoredTensor(weights, shape: [weights.count]),
            "first_moments": StoredTensor(firstMoments, shape: [firstMoments.count]),
            "second_moments": StoredTensor(secondMoments, shape: [secondMoments.count]),
        ]
    }
}

/// The curve so far: one entry for each step done, from step 0.
struct TrainingCurve {
    private(set) var steps: [TrainingStep] = []

    init() {}

    init(_ file: SafeTensors) throws {
        let losses = try file.doubles("curve.loss")
        let rates = try file.doubles("curve.learning_rate")
        let norms = try file.doubles("curve.gradient_norm")
        let tokens = try file.integers("curve.tokens")
        guard [rates.count, norms.count, tokens.count].allSatisfy({ $0 == losses.count }) else {
            throw CheckpointFault("its tensors do not fit each other")
        }
        steps = losses.indices.map {
            TrainingStep(step: $0, loss: losses[$0], learningRate: rates[$0], gradientNorm: norms[$0], tokens: tokens[$0])
        }
    }

    mutating func append(_ step: TrainingStep) { steps.append(step) }

    var tensors: [String: StoredTensor] {
        [
            "curve.loss": StoredTensor(doubles: steps.map(\.loss), shape: [steps.count]),
            "curve.learning_rate": StoredTensor(doubles: steps.map(\.learningRate), shape: [steps.count]),
            "curve.gradient_norm": StoredTensor(doubles: steps.map(\.gradientNorm), shape: [steps.count]),
            "curve.tokens": StoredTensor(steps.map { Int64($0.tokens) }, shape: [steps.count]),
        ]
    }

    /// The lines of `curve.jsonl`.
    var lines: [JSON] {
        steps.map { step in
            [
                "step": .integer(Int64(step.step)), "loss": .number(step.loss), "learning_rate": .number(step.learningRate),
                "gradient_norm": .number(step.gradientNorm), "tokens": .integer(Int64(step.tokens)),
            ]
        }
    }
}
