/// Scores answers against the rows.
///
/// Inputs: `data` (of `data.split`), `answers` (of `eval.generate`).
/// Output: `scores.json`: per set the number of rows, AR (share that the judge accepts), exact match, both for rows that want
/// a call and rows that want none, response length mean and deviation; `failures.jsonl`: every row not accepted, with the reason.
public struct EvalScore: StageKind {
    public static let name = "eval.score"
    public static let revision = 1

    public var judge: JudgeKind
    public var sets: [String]

    public init(judge: JudgeKind, sets: [String]) {
        self.judge = judge
        self.sets = sets
    }
}
