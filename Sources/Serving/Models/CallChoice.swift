import Engine

/// Decides between calls and none, as an evaluation of the model has found it best: no call is made where the model holds none to
/// be as probable as the threshold, or more.
struct CallChoice: Sendable {
    /// No call, and its end.
    private let refusal: [Int32]
    private let threshold: Double

    /// - Returns: `nil` for a model that calls in a form of its own.
    init?(_ convention: AnswerConvention, threshold: Double) {
        guard convention.prompts.formName == nil else { return nil }
        refusal = convention.prompts.responseTokens(of: NoCallReader.answer)
        self.threshold = threshold
    }

    /// Asks how probable no call is. What the engine reads of the prompt serves the calls that may follow.
    func request(after prompt: [Int32]) -> AnswerRequest {
        AnswerRequest(
            prompt: GenerationPrompt(prompt, dictated: refusal),
            options: GenerationOptions(
                maximumTokens: refusal.count, stopTokens: Set(refusal.suffix(1)), recordsLogProbabilities: true))
    }

    /// Whether something is called, by the engine's answer.
    func isCalled(by answer: GeneratedSequence) -> Bool {
        answer.probability < threshold
    }
}
