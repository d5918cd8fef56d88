/// One row to learn from: a prompt and the response to it.
package struct TrainingExample: Hashable, Sendable {
    /// Prompt and response, the end token included.
    package var tokens: [Int32]
    /// At least 1; the loss runs on the tokens behind it.
    package var promptLength: Int
    /// Teachers' logits at the response's positions, or at those of all tokens but the first, for distillation.
    package var teachers: [TeacherLogits]
    /// What moves the response's tokens, for reinforcement learning.
    package var rollout: RolloutSignal?

    package init(tokens: [Int32], promptLength: Int, teacher: TeacherLogits? = nil) {
        self.tokens = tokens
        self.promptLength = promptLength
        teachers = [teacher].compactMap(\.self)
    }

    /// The first teacher's logits, where they are all there are.
    package var teacher: TeacherLogits? {
        get { teachers.first }
        set { teachers = [newValue].compactMap(\.self) }
    }

    package var responseLength: Int { tokens.count - promptLength }
}
