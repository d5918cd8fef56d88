import Engine

/// A learner's state as a checkpoint holds it.
extension LearnerState {
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
