/// One row to learn from: a prompt and the response to it.
package struct TrainingExample: Hashable, Sendable {
    /// Prompt and response, the end token included.
    package var tokens: [Int32]
    /// At least 1; the loss runs on the tokens behind it.
    package var promptLength: Int
    /// Teachers' logits at the response's positions, or at those of all tokens but the first, for distillation.
    package var teachers: [TeacherLogits]
    /// What teachers say of the response in tokens of their own, for distillation across vocabularies.
    package var foreignTeachers: [ForeignTeacher] = []
    /// What moves the response's tokens, for reinforcement learning.
    package var rollout: RolloutSignal?

    package init(tokens: [Int32], promptLength: Int, teacher: TeacherLogits? = nil) {
        (self.tokens, self.promptLength) = (tokens, promptLength)
        teachers = [teacher].compactMap(\.self)
    }

    /// The first teacher's logits, where they are all there are.
    package var teacher: TeacherLogits? {
        get { teachers.first }
        set { teachers = [newValue].compactMap(\.self) }
    }

    package var responseLength: Int { tokens.count - promptLength }
    package var response: ArraySlice<Int32> { tokens[promptLength...] }
}

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
        let vocabulary = 0..<Int32(configuration.tokenCount)
        if let token = tokens.first(where: { !vocabulary.contains($0) }) {
            throw fail("holds the token \(token); the vocabulary has \(configuration.tokenCount)")
        }
        if let reason = loss.objection(to: self, vocabulary: vocabulary) { throw fail(reason) }
    }
}

extension TrainingExample {
    /// The first tokens, with what teachers say of them; `nil` where none of the response is among them.
    package func cut(to length: Int) -> TrainingExample? {
        let surplus = tokens.count - length
        guard surplus > 0 else { return self }
        guard length > promptLength else { return nil }
        var example = self
        example.tokens.removeLast(surplus)
        // The first positions may be the prompt's.
        example.teachers = teachers.map { $0.positions(0..<max(0, $0.positionCount - surplus)) }
        let kept = length - promptLength
        for index in foreignTeachers.indices {
            example.foreignTeachers[index].spans.removeAll { $0.student.upperBound > kept }
        }
        return example
    }
}

/// Which of an example's tokens are learned.
package enum TokenSpan: Hashable, Sendable {
    case response
    /// Prompt and response, but for the first token, which nothing predicts.
    case sequence

    /// Counted from the response's start: places in the prompt are negative.
    package func positions(in example: TrainingExample) -> Range<Int> {
        switch self {
        case .response: 0..<example.responseLength
        case .sequence: 1 - example.promptLength..<example.responseLength
        }
    }

    /// The places in the sequence whose next tokens these are.
    func predictingPositions(in example: TrainingExample) -> Range<Int> {
        let positions = positions(in: example)
        let shift = example.promptLength - 1
        return positions.lowerBound + shift..<positions.upperBound + shift
    }
}

/// How much the loss at each position counts in a step, in units of what it does in the mean over the responses' tokens.
struct PositionWeights {
    let span: TokenSpan
    let ofResponse, ofPrompt: Double

    /// The mean over the responses' tokens.
    static let responses = PositionWeights(span: .response, ofResponse: 1, ofPrompt: 0)

    func weight(at position: Int) -> Double { position < 0 ? ofPrompt : ofResponse }
}

extension PositionWeights {
    /// A share of the mean over whole sequences, the rest of the mean over responses.
    init(_ rows: [TrainingExample], promptShare share: Double) {
        guard share > 0 else {
            self = .responses
            return
        }
        let responses = rows.reduce(0) { $0 + $1.responseLength }
        let sequences = rows.reduce(0) { $0 + TokenSpan.sequence.positions(in: $1).count }
        let spread = share * Double(responses) / Double(sequences)
        self.init(span: .sequence, ofResponse: 1 - share + spread, ofPrompt: spread)
    }
}
