extension TrainingExample {
    /// Refuses what the model cannot be trained on; `index` names the example in the message.
    package func check(_ configuration: ModelConfiguration, loss: any ResponseLoss, index: Int) throws(TrainingError) {
        func fail(_ reason: String) -> TrainingError { TrainingError("Training example \(index + 1) \(reason).") }
        if promptLength < 1 || promptLength >= tokens.count {
            throw fail("has \(tokens.count) tokens and a prompt of \(promptLength); both prompt and response must be there")
        }
        if tokens.count > configuration.maximumPositions {
            throw fail("has \(tokens.count) tokens; the model's limit is \(configuration.maximumPositions)")
        }
        let vocabulary = 0..<Int32(configuration.vocabularySize)
        if let token = tokens.first(where: { !vocabulary.contains($0) }) {
            throw fail("holds the token \(token); the vocabulary has \(configuration.vocabularySize)")
        }
        if let reason = loss.objection(to: self, vocabulary: vocabulary) { throw fail(reason) }
    }
}
