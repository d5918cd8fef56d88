import Words

/// Scores answers against the rows.
///
/// Inputs: `data` (of `data.split`), `answers` (of `eval.generate`), `judge` (a model) where a model at hand decides.
/// Output: `scores.json`: per set the number of rows, AR (share that the judge accepts), exact match, both for rows that want
/// a call and rows that want none, response length mean and deviation; `confusion.json`: per set and wanted function the rows,
/// AR and exact match, and which function was called how often in its place; `failures.jsonl`: every row not accepted, with
/// the reason. Where a model decides, `verdicts.jsonl` and the agreement with `ast`, as `judge` writes them.
package struct EvalScore: StageKind {
    package static let name = "eval.score"
    package static let revision = 2
    package static let inputs: [InputDeclaration] = [.required("data"), .required("answers"), .optional("judge")]

    package var judge: JudgeKind
    package var sets: [String]
    package var answer: AnswerStyle
    /// What a judging model is asked; only where one decides.
    package var question: ModelQuestion?

    package init(judge: JudgeKind, sets: [String], answer: AnswerStyle, question: ModelQuestion? = nil) {
        self.judge = judge
        self.sets = sets
        self.answer = answer
        self.question = question
    }

    package var runsModel: Bool { judge == .model && question?.endpoint == nil }
    package func memory(_ inputs: [String: Int]) -> Int { Memory.judging(inputs) }
}
