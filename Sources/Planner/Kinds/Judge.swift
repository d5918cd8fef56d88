/// Sorts rollouts into accepted and rejected ones.
///
/// Inputs: `data` (of `data.split`), `rollouts` (of `sample`).
/// Output: `accepted.jsonl` (row id, response), `rejected.jsonl` (row id, response, reason), `summary.json`.
public struct Judge: StageKind {
    public static let name = "judge"
    public static let revision = 1

    public var kind: JudgeKind
    /// Accepted responses kept per row, after equal ones are merged.
    public var keep: Int

    public init(kind: JudgeKind, keep: Int) {
        self.kind = kind
        self.keep = keep
    }
}
