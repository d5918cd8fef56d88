/// What a step walks down: a loss at every token of the responses.
public protocol ResponseLoss: Sendable {
    /// - Throws: when the loss itself makes no sense.
    func check() throws(TrainingError)

    /// Why an example cannot be trained on, as the end of a sentence that it begins; `nil` where it can.
    func objection(to example: TrainingExample, vocabulary: Range<Int32>) -> String?

    /// Logits [V] at one position → their gradient times `scale`, in place; returns the loss.
    func replaceByGradient(
        _ logits: UnsafeMutablePointer<Float>, vocabularySize: Int, target: LossTarget, scale: Float
    ) -> Double
}

/// The place of a response's token.
public struct LossTarget: Sendable {
    public let example: TrainingExample
    /// In the response, from 0.
    public let position: Int

    var token: Int32 { example.tokens[example.promptLength + position] }
}
