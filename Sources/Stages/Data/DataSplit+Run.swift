import BuildModel
import Engine
import Planner

extension DataSplit: RunnableStage {
    public func run(in context: StageContext) throws {
        let functions = try context.readFunctions("data")
        let rows = try context.readRows("data", "rows.jsonl")
        try checkOutOfDomain(functions: functions, rows: rows)
        let elsewhere = RowSets(sets: rows.map { ($0.set ?? RowSets.training, [$0]) }).functionsOfNamedSets
        let pool = functions.keys.filter { !outOfDomain.contains($0) && !elsewhere.contains($0) }.sorted()
        let candidates = CandidateFunctions(count: candidates, pool: pool, seed: seed)

        var sets: [String: [Row]] = [:]
        for row in rows {
            let set = set(of: row)
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
    private func set(of row: Row) -> String {
        if let set = row.set, RowSets.isNamed(set) { return set }
        if row.answers.contains(where: { outOfDomain.contains($0.name) }) { return "ood" }
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

    private func checkOutOfDomain(functions: [String: FunctionDefinition], rows: [Row]) throws {
        let called = Set(rows.flatMap { $0.answers.map(\.name) })
        for name in outOfDomain where functions[name] == nil || !called.contains(name) {
            throw StageFailure(
                "data.split.ood names the function '\(name)', which no row calls; rows call "
                    + called.sorted().joined(separator: ", "))
        }
    }
}

/// Chooses which functions a row's prompt lists.
struct CandidateFunctions {
    /// Functions per row; 0 lists those that the row came with, or the whole pool.
    let count: Int
    /// Names that any row may list, sorted: none is out of domain.
    let pool: [String]
    let seed: Int

    /// The row with its own functions among others, in an order that tells nothing. Only an out-of-domain row lists an
    /// out-of-domain function, its own.
    func chosen(for row: Row) -> Row {
        let own = Set(row.answers.map(\.name))
        let listed: [String]
        if count > 0 {
            let others = pool.filter { !own.contains($0) }.sorted { order($0, row) < order($1, row) }
            listed = own.sorted() + others.prefix(max(0, count - own.count))
        } else if row.functions.isEmpty, row.definitions == nil {
            listed = own.union(pool).sorted()
        } else {
            listed = row.functions.filter { pool.contains($0) || own.contains($0) }
        }
        return shuffled(row, listed)
    }

    /// The row with the functions that it came with, in an order that tells nothing.
    func kept(by row: Row) -> Row {
        row.functions.isEmpty && row.definitions == nil ? chosen(for: row) : shuffled(row, row.functions)
    }

    private func shuffled(_ row: Row, _ listed: [String]) -> Row {
        var row = row
        row.functions = listed.sorted { order($0 + "/place", row) < order($1 + "/place", row) }
        return row
    }

    private func order(_ name: String, _ row: Row) -> Double { StableHash.unit("candidates", seed, row.id + "/" + name) }
}
