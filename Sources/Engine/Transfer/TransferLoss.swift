/// A weighted sum of losses over the response's tokens.
public struct TransferLoss: ResponseLoss, Hashable {
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

    public var needsTeacher: Bool { terms.contains { $0.term == .forwardKL } }
}

extension ResponseLoss where Self == TransferLoss {
    public static var crossEntropy: TransferLoss { TransferLoss([.init(.crossEntropy, weight: 1)]) }
}

extension TransferLoss {
    public func check() throws(TrainingError) {
        if terms.isEmpty || !(temperature > 0) {
            throw TrainingError("A loss needs at least one term and a temperature above 0.")
        }
    }

    public func objection(to example: TrainingExample, vocabulary: Range<Int32>) -> String? {
        guard needsTeacher else { return nil }
        guard let teacher = example.teacher else { return "has no teacher logits, which the loss needs" }
        let stored = teacher.positionCount * teacher.k
        if teacher.k < 1 || teacher.positionCount != example.responseLength || teacher.topTokens.count != stored
            || teacher.topLogits.count != stored
        {
            return "has teacher logits for \(teacher.positionCount) positions; its response has \(example.responseLength)"
        }
        return teacher.topTokens.first { !vocabulary.contains($0) }.map {
            "has teacher logits of token \($0); the vocabulary has \(vocabulary.count)"
        }
    }
}
