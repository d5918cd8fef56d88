import BuildModel
import Engine
import Kinds

extension DataSplit: RunnableStage {
    package func run(in context: StageContext) throws {
        let functions = try context.readFunctions("data")
        let rows = try context.readRows("data", "rows.jsonl")
        let outside = try outOfDomain(among: functions, calledBy: rows)
        let elsewhere = RowSets(sets: rows.map { ($0.set ?? RowSets.training, [$0]) }).functionsOfNamedSets
        let pool = functions.keys.filter { !outside.contains($0) && !elsewhere.contains($0) }.sorted()
        let candidates = CandidateFunctions(self, pool: pool)

        var sets: [String: [Row]] = [:]
        for row in rows {
            let set = set(of: row, outside)
            sets[set, default: []].append(RowSets.isNamed(set) ? candidates.kept(by: row) : candidates.chosen(for: row))
        }
        let trainQueries = Set((sets["train"] ?? []).map(\.query))
        guard !trainQueries.isEmpty else { throw StageFailure("the split leaves no row to train on") }
        for (set, rows) in sets.sorted(by: { $0.key < $1.key }) {
            // What training shows is no test, however it came to stand in both.
            let unseen = set == "train" ? rows : rows.filter { !trainQueries.contains($0.query) }
            try context.write(rows: limited(unseen, to: limit[set]), to: "\(set).jsonl")
        }
        try context.write(functions: Array(functions.values))
    }

    /// A row's set; decided by the row alone. Equal queries fall together, because their text is what is hashed.
    private func set(of row: Row, _ outside: Set<String>) -> String {
        if let set = row.set, RowSets.isNamed(set) { return set }
        if row.answers.contains(where: { outside.contains($0.name) }) { return "ood" }
        switch row.heldOut {
        case .template: return "phrasing"
        case .value: return "values"
        case nil: break
        }
        if row.set == "test" { return "test" }
        let position = StableHash.unit("split", seed, row.query)
        return position < test ? "test" : position < test + valid ? "valid" : "train"
    }

    /// The rows with the smallest hashes, in their old order.
    private func limited(_ rows: [Row], to limit: Int?) -> [Row] {
        guard let limit, rows.count > limit else { return rows }
        let ranked = rows.map { (StableHash.unit("limit", seed, $0.id), $0.id) }.sorted { $0 < $1 }
        let kept = Set(ranked.prefix(limit).map(\.1))
        return rows.filter { kept.contains($0.id) }
    }

    /// The functions that the names and patterns mean. Each of them means one that some row calls.
    private func outOfDomain(among functions: [String: FunctionDefinition], calledBy rows: [Row]) throws -> Set<String> {
        let called = Set(rows.flatMap { $0.answers.map(\.name) })
        var outside: Set<String> = []
        for pattern in outOfDomain.map(NamePattern.init) {
            let meant = functions.keys.filter(pattern.matches)
            guard meant.contains(where: called.contains) else {
                let names =
                    pattern.isName
                    ? "names the function '\(pattern.text)', which" : "has '\(pattern.text)', a pattern of functions that"
                throw StageFailure("data.split.ood \(names) no row calls; rows call \(Self.listed(called.sorted()))")
            }
            outside.formUnion(meant)
        }
        return outside
    }

    /// Names for a message: the first ones, and how many more there are.
    private static func listed(_ names: [String]) -> String {
        let most = 40
        return names.prefix(most).joined(separator: ", ") + (names.count > most ? " and \(names.count - most) more" : "")
    }
}
