import Declarations
import Words

/// What goes with a model that was trained before, imported or made of an imported one: it has something to lose.
///
/// AdamW; a rate by the model's size, which the stage knows; a warm-up that is counted in steps, because AdamW's moments need as
/// many steps however long a training is.
extension TrainingParameters {
    static let pretrainedWarmupSteps = 20
    /// For how often to look where the steps follow from the rows: a training of a few epochs of some thousand rows.
    private static let stepsOfEpochs = 1000

    /// Parameters that nobody gives follow from where the model comes from.
    package mutating func follow(pretrained: Spanned<Bool>) {
        guard pretrained.value else { return }
        $optimizer = $optimizer.or(pretrained) { _ in .adamW }
        $learningRate = $learningRate.or(pretrained) { _ in nil }
        if !$warmup.isWritten { $warmupSteps = $warmupSteps.or(pretrained) { _ in Self.pretrainedWarmupSteps } }
    }

    /// Ends where looks at the set `valid` are no better any more, and keeps the best model, unless the recipe says how often to
    /// look. A look every tenth of the steps reads so few rows that all looks together are a small part of the training. It waits
    /// for as many steps as half of them: while the rate is high, looks go up and down, and most is won when it falls.
    ///
    /// - Parameters:
    ///   - valid: the share of the rows that are looked at, whose place says why there are looks.
    ///   - part: steps of a part of the training, where longer ones have it as well and the same looks.
    package mutating func followValidation(pretrained: Spanned<Bool>, valid: Spanned<Double>, part: Int? = nil) {
        guard pretrained.value, validation == nil else { return }
        var checks = ValidationParameters.standard
        checks.every = max(25, (part ?? steps ?? Self.stepsOfEpochs) / 10)
        checks.patience = 5
        checks.rows = 128
        $validation = $validation.or(valid) { _ in checks }
    }
}
