/// Lays the scores and costs of all variants side by side.
///
/// Inputs: `scores.<i>` and `cost.<i>` for the i-th row of `rows`.
/// Output: `report.json`, `report.md`: the metrics side by side; calls, no-calls and lengths of answers; the functions most
/// often called in place of others.
public struct Report: StageKind {
    public static let name = "report"
    public static let revision = 2
    public static let inputs: [InputDeclaration] = [
        .numbered("scores"), .numbered("cost"), .numbered("perplexity"), .numbered("serving"),
    ]

    /// Name of each row: the teacher, intermediate models, the variants.
    public var rows: [String]
    /// Columns: `ar`, `exact`, `flops`.
    public var metrics: [String]
    public var sets: [String]

    public init(rows: [String], metrics: [String], sets: [String]) {
        self.rows = rows
        self.metrics = metrics
        self.sets = sets
    }
}
