import Words

/// Sorts rollouts into accepted and rejected ones.
///
/// Inputs: `data` (of `data.split`), `rollouts` (of `sample` or `endpoint.sample`), `judge` (a model) where a model at hand
/// decides.
/// Output: `accepted.jsonl` (row id, response), `rejected.jsonl` and `surplus.jsonl` (row id, response, reason): what is
/// wrong, and what is right but equal to a kept response or more than are kept; `summary.json`. Where a model decides,
/// `verdicts.jsonl` (row id, response, question, reply, verdict, what `ast` says), and in the summary how often it agrees
/// with `ast`.
package struct Judge: StageKind {
    package static let name = "judge"
    package static let revision = 3
    package static let inputs: [InputDeclaration] = [.required("data"), .required("rollouts"), .optional("judge")]

    package var kind: JudgeKind
    /// Accepted responses kept per row, after equal ones are merged.
    package var keep: Int
    package var answer: AnswerStyle
    /// What a judging model is asked; only where one decides.
    package var question: ModelQuestion?

    package init(kind: JudgeKind, keep: Int, answer: AnswerStyle, question: ModelQuestion? = nil) {
        self.kind = kind
        self.keep = keep
        self.answer = answer
        self.question = question
    }

    package var runsModel: Bool { kind == .model && question?.endpoint == nil }
    package func memory(_ inputs: [String: Int]) -> Int { Memory.judging(inputs) }
}
