import Diagnostics

/// `evaluate`: what is measured on which sets.
public struct EvaluateSection: Sendable {
    public enum Metric: String, CaseIterable, Sendable {
        /// Share of rows that the judge accepts.
        case ar
        case exact
        case flops
    }

    /// In the order of the report's columns.
    public let sets: Spanned<[Spanned<RowSet>]>
    public let metrics: Spanned<[Spanned<Metric>]>
    /// New tokens per answer at most.
    public let maxTokens: Spanned<Int>

    init(reading recipe: Fields, data: DataSection) {
        let fields = recipe.section("evaluate", known: ["sets", "metrics", "max_tokens"])
        let held = data.setsWithRows
        sets = fields.choices("sets", default: [RowSet.test, .phrasing, .values, .ood].filter(held.contains))
        metrics = fields.choices("metrics", default: Metric.allCases, later: ["latency", "perplexity", "memory"])
        maxTokens = fields.integer("max_tokens", default: Defaults.maxTokens, in: 1...4096)
        for set in sets.value where set.isWritten && !held.contains(set.value) {
            fields.report(
                Diagnostic(
                    code: "empty-set", "the set '\(set.value.rawValue)' has no rows", at: set.span, label: "nothing to evaluate",
                    help: data.advice(for: set.value)))
        }
        for name in ["sets", "metrics"] {
            guard let node = fields.node(name), node.sequence?.isEmpty == true else { continue }
            fields.report(.emptyList("evaluate.\(name)", at: node.span))
        }
    }
}

extension DataSection {
    /// Sets that get rows as the recipe stands.
    var setsWithRows: Set<RowSet> {
        var sets: Set<RowSet> = [.train]
        if split.test.value > 0 { sets.insert(.test) }
        if split.valid.value > 0 { sets.insert(.valid) }
        if !split.outOfDomain.value.isEmpty { sets.insert(.ood) }
        switch rows {
        case .generate(let generate):
            if generate.heldOutTemplates.value > 0 { sets.insert(.phrasing) }
            if generate.heldOutValues.value > 0 { sets.insert(.values) }
        case .ingest(let ingest):
            if !ingest.test.value.isEmpty { sets.insert(.test) }
        }
        return sets
    }

    fileprivate func advice(for set: RowSet) -> String {
        switch (set, rows) {
        case (.phrasing, .generate): "set 'data.generate.hold_out.templates' above 0%"
        case (.values, .generate): "set 'data.generate.hold_out.values' above 0%"
        case (.phrasing, .ingest), (.values, .ingest): "only generated data hold out templates and values; leave the set out"
        case (.ood, _): "name functions under 'data.split.ood.functions'"
        case (.test, _), (.valid, _), (.train, _): "set 'data.split.\(set.rawValue)' above 0%"
        }
    }
}
