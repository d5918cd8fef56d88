import Declarations
import Words

/// A training of which longer ones have the first steps as well: stages that do no more than these, its trunk, go before it.
///
/// Up to a cut nothing in a stage follows from how long the training is, so trainings of any length share its stages.
extension TrainingParameters {
    /// Counts the warm-up in steps where nobody gives it: a share is of all steps.
    ///
    /// - Parameter part: steps from one cut to the next; the warm-up is over in the first half of them.
    package mutating func countWarmup(in part: Spanned<Int>) {
        if !$warmup.isWritten { $warmupSteps = $warmupSteps.or(part) { min(Self.pretrainedWarmupSteps, $0 / 2) } }
        $warmup = $warmup.or(part) { _ in 0 }
    }

    /// The steps after which the training is cut: multiples of `part`, as far as a longer training has the same steps.
    package func cuts(every part: Int) -> [Int] {
        guard let steps else { return [] }
        let shared = schedule.stableSteps(of: steps, decay: decay ?? LearningRateSchedule.standardDecay)
        return Array(stride(from: part, through: shared, by: part))
    }

    /// Ends the training at a cut, with its state in the place of a model. The rate has not begun to fall.
    package mutating func becomeTrunk(of end: Int, cut: Spanned<Int>) {
        $steps = cut.map { _ in end }
        $schedule = $schedule.map { _ in .constant }
        $isTrunk = cut.map { _ in true }
    }

    /// Leaves the steps up to a cut to the stage whose output is the input `state`.
    package mutating func goOn(from end: Int, cut: Spanned<Int>) { $fromStep = cut.map { _ in end } }
}
