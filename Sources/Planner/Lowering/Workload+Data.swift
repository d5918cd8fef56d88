import Kinds
import RecipeLanguage
import Words

extension Workload {
    /// The rows that a recipe's data come to, and the tokens that rows of its kind of prompt come to.
    ///
    /// - Parameters:
    ///   - figures: of the rows, where their files were looked into.
    ///   - describingFunctions: whether prompts say of functions what they do.
    init(_ data: DataSection, _ figures: RowFigures? = nil, describingFunctions: Bool = false) {
        let standard = data.split.candidates > 0 ? Double(data.split.candidates) : figures?.listed ?? 10
        let listed = data.prompt.value == .query ? 0 : data.retrieve.map { Double($0.kind.topK) } ?? standard
        let list = listed * (figures.map { Self.tokensOfFunction($0, described: describingFunctions) } ?? 12)
        let others = figures.map(Self.tokensBesidesList) ?? (data.prompt.value == .query ? 36 : 40)
        // Groups are full but for the last ones.
        let group = data.split.group
        self.init(
            tokensPerRow: others + list, rows: Self.rows(of: data, figures?.rows),
            start: group > 1 && list > 0 ? SharedStart(tokens: list, rows: group) : nil)
    }

    /// A token is 4 bytes of words and 3 of calls and signatures; marks of the roles are 8.
    private static func tokensBesidesList(of figures: RowFigures) -> Double {
        8 + figures.question / 4 + figures.answer / 3
    }

    private static func tokensOfFunction(_ figures: RowFigures, described: Bool) -> Double {
        let words = described ? max(0, figures.described - figures.signature) / 4 : 0
        return figures.signature / 3 + words + 1
    }

    /// - Parameter known: how many rows sets have before what is made of them.
    private static func rows(of data: DataSection, _ known: [String: Int]?) -> [String: Double] {
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
        if let known {
            rows = Dictionary(
                known.compactMap { name, count in RowSet(rawValue: name).map { ($0, Double(count)) } }, uniquingKeysWith: { $1 }
            )
        }
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
        let named = data.namedSets.map { set in
            (set.name.value, known?[set.name.value].map(Double.init) ?? Double(set.limit?.value ?? 500))
        }
        return Dictionary(rows.map { ($0.key.rawValue, $0.value) } + named, uniquingKeysWith: { first, _ in first })
    }
}
