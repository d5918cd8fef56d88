import Engine

/// How reinforcement learning is doing, by the readings of the steps so far.
enum PolicyProgress: Equatable {
    case learning
    /// In the last steps no prompt had answers of different rewards: nothing changes any more.
    case withoutSignal(reward: Double)
    /// In each of the last steps the reward was far below that of the first ones.
    case collapsed(first: Double, last: Double)
    case notANumber

    /// Steps that something must hold for.
    static let patience = 20
    /// Steps that say where the reward was.
    private static let firstSteps = 10
    /// Of the mean reward; breaking the format costs at least 2.
    private static let largestFall = 0.5

    init(_ steps: [TrainingStep]) {
        let latest = Self.rewards(of: steps.suffix(Self.patience))
        let last = Self.mean(latest)
        guard steps.last.map({ $0.loss.isFinite && $0.gradientNorm.isFinite && last.isFinite }) ?? true else {
            self = .notANumber
            return
        }
        self = .learning
        if steps.count >= Self.patience, steps.suffix(Self.patience).allSatisfy({ $0.readings["skipped_groups"] == 1 }) {
            self = .withoutSignal(reward: Self.rounded(last))
        } else if steps.count >= Self.firstSteps + Self.patience {
            let first = Self.mean(Self.rewards(of: steps.prefix(Self.firstSteps)))
            if latest.allSatisfy({ $0 < first - Self.largestFall }) {
                self = .collapsed(first: Self.rounded(first), last: Self.rounded(last))
            }
        }
    }

    private static func rewards(of steps: ArraySlice<TrainingStep>) -> [Double] { steps.compactMap { $0.readings["reward"] } }

    private static func mean(_ rewards: [Double]) -> Double { rewards.reduce(0, +) / Double(max(1, rewards.count)) }

    private static func rounded(_ reward: Double) -> Double { (reward * 100).rounded() / 100 }
}
