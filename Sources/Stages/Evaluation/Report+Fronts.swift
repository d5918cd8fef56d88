import CanonicalJSON
import Kinds

extension Report {
    /// Rows that say of which qualities no other row has as much in as few bytes; as they are where none is asked for.
    func withFronts(_ rows: [JSON]) -> [JSON] {
        guard let fronts else { return rows }
        let marks = fronts.sorted().map { metric in
            (metric: metric, members: ParetoFront(rows.map { point(of: $0, by: metric) }).members)
        }
        return rows.enumerated().map { place, row in
            var members = row.object ?? [:]
            members["front"] = .array(marks.filter { $0.members[place] }.map { JSON.string($0.metric) })
            return .object(members)
        }
    }

    /// A row's bytes and a figure of it, that of the first set where it is one of sets; `nil` where it lacks either.
    private func point(of row: JSON, by metric: String) -> ParetoFront.Point? {
        let isPerplexity = metric == "perplexity"
        let figure = isPerplexity ? row["perplexity"] : sets.first.flatMap { row["sets"]?[$0]?[metric] }
        guard let bytes = row["bytes"]?.double, let quality = figure?.double else { return nil }
        return ParetoFront.Point(cost: bytes, quality: isPerplexity ? -quality : quality)
    }
}
