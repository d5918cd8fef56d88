import BuildModel
import Declarations
import Kinds
import RecipeLanguage
import Words

extension Lowering {
    /// Teachers first, then the models of the variants' chains, each once.
    ///
    /// - Parameter overSeeds: names that leave seeds out; `nil` where seeds do not vary.
    mutating func addReport(
        on variants: [LoweredVariant], names: [String], overSeeds: [String]?, naming: StageNaming
    ) throws -> StageID {
        let rows = Self.merged(variants.flatMap(\.peers) + variants.flatMap(\.rows))
        var inputs: [Stage.Input] = []
        for (index, row) in rows.enumerated() {
            inputs.append(.init(name: "scores.\(index)", stage: row.scores))
            inputs.append(.init(name: "cost.\(index)", stage: row.cost))
            if let perplexity = row.perplexity { inputs.append(.init(name: "perplexity.\(index)", stage: perplexity)) }
            if let loss = row.loss { inputs.append(.init(name: "loss.\(index)", stage: loss)) }
            if let serving = row.serving { inputs.append(.init(name: "serving.\(index)", stage: serving)) }
            if let speed = row.speed { inputs.append(.init(name: "speed.\(index)", stage: speed)) }
            if let queries = row.queries { inputs.append(.init(name: "queries.\(index)", stage: queries)) }
            if let price = row.price { inputs.append(.init(name: "price.\(index)", stage: price)) }
            if let comparison = row.comparison { inputs.append(.init(name: "comparison.\(index)", stage: comparison)) }
        }
        let asked = recipe.variants.first?.pipeline.metrics
        let metrics = asked?.value ?? []
        var report = Report.standard
        report.rows = rows.map { Self.modelName(of: names[$0.scores.index]) }
        report.repeated = overSeeds.map { names in rows.map { Self.modelName(of: names[$0.scores.index]) } }
        report.sets = evaluatedSets
        if let asked {
            report.$metrics = asked.map { _ in metrics.map(\.rawValue) }
            report.$sets.place = Self.setPlace(recipe.variants.first?.pipeline)
            report.$fronts.place = asked.place
        }
        if metrics.contains(.latency), let price = recipe.variants.first?.pipeline.evaluate.corePrice {
            report.$corePrice = price
        }
        report.fronts = naming.compresses ? Self.fronts(among: metrics) : nil
        return try builder.add(report, .named("report"), inputs: inputs)
    }

    /// Each model once: it may be the last one of a variant, which is compared, and one on the way of another.
    private static func merged(_ rows: [EvaluatedModel]) -> [EvaluatedModel] {
        var merged: [EvaluatedModel] = []
        var places: [EvaluatedModel: Int] = [:]
        for row in rows {
            var bare = row
            bare.comparison = nil
            if let place = places[bare] {
                merged[place].comparison = merged[place].comparison ?? row.comparison
            } else {
                places[bare] = merged.count
                merged.append(row)
            }
        }
        return merged
    }

    /// The metrics whose best for each size a report marks: the share of right answers, by the judge where it is asked for,
    /// and perplexity.
    private static func fronts(among metrics: [EvaluateSection.Metric]) -> [String]? {
        var fronts: [EvaluateSection.Metric] = []
        if let answers = EvaluateSection.Metric.allCases.first(where: { $0.isOfQuality && metrics.contains($0) }) {
            fronts.append(answers)
        }
        if metrics.contains(.perplexity) { fronts.append(.perplexity) }
        return fronts.isEmpty ? nil : fronts.map(\.rawValue)
    }

    /// `student.kd` of `student.kd.scores`.
    static func modelName(of scores: String) -> String {
        scores.hasSuffix(".scores") ? String(scores.dropLast(7)) : scores.replacing(".scores", with: "", maxReplacements: 1)
    }

    /// The first variant's order, then what other variants have besides.
    private var evaluatedSets: [String] {
        let all = recipe.pipelinesButForSeeds.map(\.evaluatedSets)
        let further = all.dropFirst().joined()
        var sets = all.first ?? []
        for set in RowSet.allCases.map(\.rawValue) where further.contains(set) && !sets.contains(set) { sets.append(set) }
        for set in further where !sets.contains(set) { sets.append(set) }
        return sets
    }
}
