/// Lays the scores and costs of all variants side by side.
///
/// Inputs: `scores.<i>` and `cost.<i>` for the i-th row of `rows`, perhaps `perplexity.<i>`, `serving.<i>`, `speed.<i>`.
/// Output: `report.json`, `report.md`: the metrics side by side, over seeds where there are several; calls, no-calls and lengths of answers; the functions most
/// often called in place of others.
package struct Report: StageKind {
    package static let name = "report"
    package static let revision = 2
    package static let inputs: [InputDeclaration] = [
        .numbered("scores"), .numbered("cost"), .numbered("perplexity"), .numbered("serving"), .numbered("speed"),
    ]

    /// Name of each row: the teacher, intermediate models, the variants.
    package var rows: [String]
    /// Columns: `ar`, `exact`, `flops`, `speed`.
    package var metrics: [String]
    package var sets: [String]
    /// For each row what it repeats with another seed, where the recipe has variants that differ in seeds alone: rows of one
    /// name are summed up as mean ± deviation.
    package var repeated: [String]?
    /// Metrics of quality, each with a mark at the rows that no other beats in it and in bytes: `ar` or `exact`, on the first
    /// set, and `perplexity`. Absent where models are not made smaller in several ways.
    package var fronts: [String]?

    package init(
        rows: [String], metrics: [String], sets: [String], repeated: [String]? = nil, fronts: [String]? = nil
    ) {
        self.rows = rows
        self.metrics = metrics
        self.sets = sets
        self.repeated = repeated
        self.fronts = fronts
    }
}
