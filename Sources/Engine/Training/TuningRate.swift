/// The learning rate at which a model that was trained before learns more, where nobody gives one.
///
/// It is 3e-4 at 135 million parameters, which was measured on steps of 16 short rows, and falls with the root of the size:
/// SmolLM2 was tuned at 1e-3 with 135 and 360 million parameters and at 3e-4 with 1.7 billion (alignment-handbook,
/// recipes/smollm2), in steps of over a hundred conversations.
package enum TuningRate {
    /// Adapters learn at ten times the rate of all weights (Schulman et al., LoRA Without Regret, 2025).
    static let adapterFactor = 10.0
    /// Preferences and rewards move a model that knows the task.
    package static let policyShare = 0.1

    /// - Parameters:
    ///   - parameterCount: of the model, whatever part of it is trained.
    ///   - adapters: whether low-rank adapters are trained in place of all weights.
    package static func rate(parameterCount: Int, adapters: Bool) -> Double {
        let full = min(1e-3, max(1e-5, 3e-4 * (135e6 / Double(max(1, parameterCount))).squareRoot()))
        return adapters ? min(2e-3, adapterFactor * full) : full
    }
}
