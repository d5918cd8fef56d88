/// What moves the probabilities of an answer's tokens.
package struct RolloutSignal: Hashable, Sendable {
    /// Of every token.
    package var advantage: Double
    /// ln π of every response token under the policy that drew it.
    package var logProbabilities: [Float]
    /// ln π of every response token under the reference policy; empty where nothing holds the policy to it.
    package var referenceLogProbabilities: [Float]

    package init(advantage: Double, logProbabilities: [Float], referenceLogProbabilities: [Float] = []) {
        self.advantage = advantage
        self.logProbabilities = logProbabilities
        self.referenceLogProbabilities = referenceLogProbabilities
    }
}
