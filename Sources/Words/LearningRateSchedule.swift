/// How the learning rate of a training goes on after its warm-up.
package enum LearningRateSchedule: String, Word {
    /// It falls along a cosine, to a tenth at the last step.
    case cosine
    /// It stays as it is.
    case constant
    /// Warm-up, stable, decay (MiniCPM, Hu et al., 2024, arXiv 2404.06395): it stays as it is, and falls to a tenth in the last
    /// steps, along 1 − √ (Hägele et al., 2024, arXiv 2405.18392).
    case wsd

    /// The share of the steps in which the rate of `wsd` falls.
    package static let standardDecay = 0.1

    /// The first steps of a training that a longer one has as well, once both have warmed up.
    ///
    /// - Parameter decay: the share of the steps in which the rate of `wsd` falls: one step at least.
    package func stableSteps(of steps: Int, decay: Double) -> Int {
        switch self {
        case .cosine: 0
        case .constant: steps
        case .wsd: max(0, steps - max(1, Int((decay * Double(steps)).rounded())))
        }
    }
}
