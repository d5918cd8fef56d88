import Testing

@testable import Engine
@testable import Stages

/// When reinforcement learning ends before its last step.
@Suite struct PolicyProgressTests {
    private func steps(_ rewards: [Double], skipped: (Int) -> Double = { _ in 0 }) -> [TrainingStep] {
        rewards.enumerated().map { step, reward in
            TrainingStep(
                step: step, loss: 0, learningRate: 1, gradientNorm: 0, tokens: 1,
                readings: ["reward": reward, "skipped_groups": skipped(step)])
        }
    }

    @Test func twentyStepsWithoutSpreadAreTheEnd() {
        let flat = [Double](repeating: -1, count: 30)
        #expect(PolicyProgress(steps(flat) { _ in 1 }) == .withoutSignal(reward: -1))
        #expect(PolicyProgress(steps(Array(flat.prefix(19))) { _ in 1 }) == .learning)
        #expect(PolicyProgress(steps(flat) { $0 == 10 ? 0.9 : 1 }) == .learning)
        #expect(PolicyProgress(steps(flat) { $0 == 9 ? 0.9 : 1 }) == .withoutSignal(reward: -1))
        #expect(PolicyProgress([]) == .learning)
    }

    @Test func aRewardThatFallsFarAndStaysIsACollapse() {
        let start = [Double](repeating: 1.2, count: 10)
        let low = [Double](repeating: 0.6, count: 20)
        #expect(PolicyProgress(steps(start + low)) == .collapsed(first: 1.2, last: 0.6))
        #expect(PolicyProgress(steps(start + low.dropLast())) == .learning)
        #expect(PolicyProgress(steps(start + low.dropLast() + [0.8])) == .learning)
        #expect(PolicyProgress(steps(start + low.map { $0 + 0.2 })) == .learning)
    }

    @Test func aLossThatIsNoNumberIsTheEnd() {
        var broken = steps([1, 1])
        broken.append(TrainingStep(step: 2, loss: .nan, learningRate: 1, gradientNorm: 1, tokens: 1))
        #expect(PolicyProgress(broken) == .notANumber)
        #expect(PolicyProgress(steps([1, .nan])) == .notANumber)
    }
}
