/// A weighted sum of losses over the response's tokens.
public struct TransferLoss: Hashable, Sendable {
    public enum Term: Hashable, Sendable {
        /// −ln q of the response's token.
        case crossEntropy
        /// KL(p‖q) from the teacher's stored logits.
        case forwardKL
    }

    public struct WeightedTerm: Hashable, Sendable {
        public var term: Term
        public var weight: Double

        public init(_ term: Term, weight: Double) {
            self.term = term
            self.weight = weight
        }
    }

    public var terms: [WeightedTerm]
    /// τ: teacher and student logits are divided by it in the KL, whose value is multiplied by τ².
    public var temperature: Double

    public init(_ terms: [WeightedTerm], temperature: Double = 1) {
        self.terms = terms
        self.temperature = temperature
    }

    public static let crossEntropy = TransferLoss([WeightedTerm(.crossEntropy, weight: 1)])

    public var needsTeacher: Bool { terms.contains { $0.term == .forwardKL } }
}
