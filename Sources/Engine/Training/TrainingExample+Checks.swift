extension TrainingExample {
    /// Refuses what the model cannot be trained on; `index` names the example in the message.
    func check(_ configuration: ModelConfiguration, loss: TransferLoss, index: Int) throws(TrainingError) {
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
        guard loss.needsTeacher else { return }
        guard let teacher else { throw fail("has no teacher logits, which the loss needs") }
        let stored = teacher.positionCount * teacher.k
        if teacher.k < 1 || teacher.positionCount != responseLength || teacher.topTokens.count != stored
            || teacher.topLogits.count != stored
        {
            throw fail("has teacher logits for \(teacher.positionCount) positions; its response has \(responseLength)")
        }
        if let token = teacher.topTokens.first(where: { !vocabulary.contains($0) }) {
            throw fail("has teacher logits of token \(token); the vocabulary has \(configuration.vocabularySize)")
        }
    }
}
