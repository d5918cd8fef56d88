/// What moves the probabilities of an answer's tokens.
public struct RolloutSignal: Hashable, Sendable {
    /// Of every token.
    public var advantage: Double
    /// ln π of every response token under the policy that drew it.
    public var logProbabilities: [Float]
    /// ln π of every response token under the reference policy; empty where nothing holds the policy to it.
    public var referenceLogProbabilities: [Float]

    public init(advantage: Double, logProbabilities: [Float], referenceLogProbabilities: [Float] = []) {
        self.advantage = advantage
        self.logProbabilities = logProbabilities
        self.referenceLogProbabilities = referenceLogProbabilities
    }
}
