import Words

extension TrainingOptions {
    /// Linear warm-up to the peak, then as the schedule says; steps count from 0.
    ///
    /// With p the share of the fall that is done, 1 at the last step, a cosine gives peak·(0.1 + 0.45·(1 + cos πp)), and the
    /// decay of `wsd` peak·(1 − 0.9·√p).
    package func learningRate(atStep step: Int) -> Double {
        let warmupSteps = max(Int((warmup * Double(steps)).rounded()), min(warmupSteps, steps / 2))
        if step < warmupSteps { return learningRate * Double(step + 1) / Double(warmupSteps) }
        switch schedule {
        case .cosine:
            let progress = Double(step - warmupSteps) / Double(max(1, steps - 1 - warmupSteps))
            return learningRate * (0.1 + 0.45 * (1 + PortableMath.cos(.pi * min(1, progress))))
        case .constant:
            return learningRate
        case .wsd:
            let stable = max(warmupSteps, schedule.stableSteps(of: steps, decay: decay))
            guard step >= stable else { return learningRate }
            let progress = Double(step + 1 - stable) / Double(max(1, steps - stable))
            return learningRate * (1 - 0.9 * min(1, progress).squareRoot())
        }
    }
}
