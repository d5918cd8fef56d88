/// All that a learner's further steps depend on, beside what it was made of.
package struct LearnerState: Hashable, Sendable {
    /// Steps done.
    package var step: Int
    /// Of all that is trained, in its order; the moments have the same.
    package var weights: [Float]
    package var firstMoments: [Float]
    package var secondMoments: [Float]

    package init(step: Int, weights: [Float], firstMoments: [Float], secondMoments: [Float]) {
        self.step = step
        self.weights = weights
        self.firstMoments = firstMoments
        self.secondMoments = secondMoments
    }
}

extension Learner {
    package var state: LearnerState {
        LearnerState(
            step: step, weights: trained.values.values, firstMoments: optimizer.firstMoments.values,
            secondMoments: optimizer.secondMoments.values)
    }

    /// Goes back, or on, to a state of a learner that was made of the same model and options: the same steps that follow have
    /// the same bits as that learner's.
    /// - Throws: `TrainingError` when the state is of another model or of a longer training.
    package func restore(_ state: LearnerState) throws(TrainingError) {
        guard (0...options.steps).contains(state.step) else {
            throw TrainingError("The state is of step \(state.step); the training has \(options.steps).")
        }
        let parts = [
            (state.weights, trained.values), (state.firstMoments, optimizer.firstMoments),
            (state.secondMoments, optimizer.secondMoments),
        ]
        for (values, buffer) in parts where values.count != buffer.count {
            throw TrainingError("The state has \(values.count) numbers for the model's \(buffer.count) parameters.")
        }
        for (values, buffer) in parts { buffer.replace(with: values) }
        trained.settle(workers: workers)
        step = state.step
    }
}
