/// What a step walks down: a loss at every token of the responses.
package protocol ResponseLoss: Sendable {
    /// Share of the loss that is the mean over prompts' and responses' tokens alike; the rest is that over responses' tokens.
    var promptShare: Double { get }

    /// - Throws: when the loss itself makes no sense.
    func check() throws(TrainingError)

    /// Why an example cannot be trained on, as the end of a sentence that it begins; `nil` where it can.
    func objection(to example: TrainingExample, vocabulary: Range<Int32>) -> String?

    /// Logits [V] at one position → their gradient times `scale`, in place; returns the loss.
    func replaceByGradient(
        _ logits: UnsafeMutablePointer<Float>, vocabularySize: Int, target: LossTarget, scale: Float
    ) -> Double
}

extension ResponseLoss {
    package var promptShare: Double { 0 }
}

/// The place of a token to learn.
package struct LossTarget: Sendable {
    package let example: TrainingExample
    /// In the response, from 0; tokens of the prompt have negative places.
    package let position: Int
    /// The example's place among the step's rows.
    package let row: Int

    init(example: TrainingExample, position: Int, row: Int = 0) {
        self.example = example
        self.position = position
        self.row = row
    }

    var token: Int32 { example.tokens[example.promptLength + position] }
}
