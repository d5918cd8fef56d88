import Kinds
import RecipeLanguage
import Words

extension Workload {
    /// The rows that a recipe's data come to, and the tokens that rows of its kind of prompt come to.
    init(_ data: DataSection) {
        let listed = Double(data.retrieve?.kind.topK ?? (data.split.candidates > 0 ? data.split.candidates : 10))
        self.init(tokensPerRow: data.prompt.value == .query ? 36 : 40 + 12 * listed, rows: Self.rows(of: data))
    }

    private static func rows(of data: DataSection) -> [String: Double] {
        let split = data.split
        let outside = split.outOfDomain.isEmpty ? 0 : 0.1
        var all = 5000.0
        var phrasing = 0.0
        var values = 0.0
        if case .generate(let generate) = data.rows {
            all = Double(generate.kind.count)
            phrasing = all * generate.kind.heldOutTemplates
            values = all * generate.kind.heldOutValues
        }
        let rest = max(0, all * (1 - outside) - phrasing - values)
        var rows: [RowSet: Double] = [
            .test: rest * split.test, .valid: rest * split.valid, .phrasing: phrasing, .values: values,
            .ood: all * outside, .train: rest * max(0, 1 - split.test - split.valid),
        ]
        for set in RowSet.allCases {
            if let limit = split.limit[set.rawValue] { rows[set] = min(rows[set] ?? 0, Double(limit)) }
        }
        if let augment = data.augment {
            rows[.train] = (rows[.train] ?? 0) * Double(1 + augment.copies)
            rows[.robust] = min(rows[.test] ?? 0, Double(augment.rows))
        }
        if let paraphrase = data.paraphrase { rows[.train] = (rows[.train] ?? 0) * Double(1 + paraphrase.kind.count) }
        if let noCall = data.noCall {
            for set in noCall.sets { rows[set] = (rows[set] ?? 0) / (1 - noCall.share) }
        }
        let named = data.namedSets.map { ($0.name.value, Double($0.limit?.value ?? 500)) }
        return Dictionary(rows.map { ($0.key.rawValue, $0.value) } + named, uniquingKeysWith: { first, _ in first })
    }
}
