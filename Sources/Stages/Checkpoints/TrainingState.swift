import Engine
import Kinds

/// Where the first steps of a training end, for longer trainings that go on from there: the tensors that a checkpoint would have.
enum TrainingState {
    static let input = "state"
    static let file = "state.safetensors"
}

extension [Output] {
    /// What a training leaves: a model, adapters in its place, or the state of a trunk.
    static let ofTraining: [Output] = [
        .model, .file(TrainingCurve.file), .file(LengthLimit.file, isOptional: true),
        .named(TrainingState.file, isOptional: true),
    ]
}

extension StageContext {
    /// Takes up the input `state`, where a training leaves its first steps to another stage.
    ///
    /// - Parameter restore: takes the tensors of a state.
    /// - Throws: `StageFailure` where the state is of another training.
    func goOn(
        _ parameters: TrainingParameters, _ options: TrainingOptions, _ restore: (SafeTensors) throws -> Void
    ) throws {
        guard (parameters.fromStep != nil) == hasInput(TrainingState.input) else {
            throw StageFailure(
                "a training goes on from the input 'state' at the step that 'training.from_step' says; give both, or neither")
        }
        guard let first = parameters.fromStep else { return }
        do {
            let state = try SafeTensors(reading: input(TrainingState.input, TrainingState.file))
            try check(TrainingCurve(state).steps, before: first, options)
            try restore(state)
        } catch let fault as CheckpointFault {
            throw StageFailure("the state is damaged: \(fault)")
        } catch let error as TrainingError {
            throw StageFailure("the state is of another training: \(error)")
        }
    }

    /// The steps that were done are those with which this training begins.
    private func check(_ steps: [TrainingStep], before first: Int, _ options: TrainingOptions) throws(StageFailure) {
        guard steps.count <= first else {
            throw StageFailure("the state has done \(steps.count) steps, and 'training.from_step' is \(first)")
        }
        let other = steps.first { $0.learningRate != options.learningRate(atStep: $0.step) }
        guard let other else { return }
        throw StageFailure(
            "the state's training had the learning rate \(other.learningRate) at step \(other.step + 1), and this one has "
                + "\(options.learningRate(atStep: other.step)); write 'schedule: constant' for both, or 'schedule: wsd' and a "
                + "state from before its decay, with a warm-up of as many steps")
    }
}
