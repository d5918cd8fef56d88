import CanonicalJSON
import Engine
import Kinds
import Words

extension DataNoCall: RunnableStage {
    private static let counts = File<JSON>("no_call.json")
    package static let artifact: [Output] = [
        .file(DataFiles.functions), .file(DataFiles.task, isOptional: true), .sets, .figures(counts),
    ]

    package func run(in context: StageContext) throws {
        let task = try context.readTaskDescription()
        guard task.kind == .calls else {
            throw StageFailure(
                "data.no_call makes rows that want no call, and the task is '\(task.kind.rawValue)'; take it out")
        }
        let functions = try context.readFunctions("data")
        var sets = try context.readSets()
        let (elsewhere, unseen) = (sets.functionsOfNamedSets, sets.unseenInTraining)
        let known = functions.keys.filter { !elsewhere.contains($0) }.sorted()
        var counts: [String: JSON] = [:]
        for (index, (name, rows)) in sets.sets.enumerated() where self.sets.contains(where: { $0.rawValue == name }) {
            let pool = name == RowSets.training ? known.filter { !unseen.contains($0) } : known
            let copies = RefusedRows(self, pool: pool).copies(of: rows)
            sets.sets[index].rows = ListGroups(of: rows).joined(by: copies.rows)
            counts[name] = [
                "rows": .count(rows.count), "copies": .count(copies.rows.count), "possible": .count(copies.possible),
            ]
            if copies.rows.count < copies.wanted {
                context.log(
                    "\(copies.wanted) rows of the set '\(name)' were to be copied, and \(copies.possible) can be: they call a "
                        + "function and list others")
            }
        }
        try context.write(sets)
        try context.write(FunctionPool(functions.values), to: DataFiles.functions)
        try context.write(task)
        try context.write(.object(counts), to: Self.counts)
    }
}

/// Makes rows that want no call.
struct RefusedRows {
    let kind: DataNoCall
    /// Names that a copy may list in the place of what is left out, sorted.
    let pool: [String]

    init(_ kind: DataNoCall, pool: [String]) { (self.kind, self.pool) = (kind, pool) }

    /// What ends the id of a copy, behind its row's.
    static let idEnding = "/no-call"

    /// A copy, and what decides whose list it takes where rows stand in groups.
    struct Copy {
        var row: Row
        /// The functions that its row calls.
        let called: Set<String>
        /// In [0, 1): where the search for a list begins.
        let start: Double
    }

    /// The copies of a set's rows in the order of the rows; how many were wanted, and how many rows can be copied.
    func copies(of rows: [Row]) -> (rows: [Copy], wanted: Int, possible: Int) {
        let asked = rows.count { !$0.isPassage }
        let wanted = Int((Double(asked) * kind.share / (1 - kind.share)).rounded())
        let possible = rows.indices.filter { canBeCopied(rows[$0]) }
        let ranked = possible.map { (StableHash.unit("no_call", kind.seed, rows[$0].id), $0) }.sorted { $0 < $1 }
        let chosen = ranked.prefix(wanted).map(\.1).sorted()
        let copies = chosen.compactMap { place in
            copy(of: rows[place]).map { copy in
                Copy(
                    row: copy, called: Set(rows[place].answers.map(\.name)),
                    start: StableHash.unit("no_call list", kind.seed, rows[place].id))
            }
        }
        return (copies, wanted, possible.count)
    }

    /// Not where a row calls nothing that it lists, lists nothing else, or is in the middle of what it asks for.
    private func canBeCopied(_ row: Row) -> Bool {
        let called = Set(row.answers.map(\.name))
        return !row.isPassage && !row.isUnlabelled && !called.isEmpty && called.isSubset(of: row.functions)
            && row.functions.contains { !called.contains($0) } && row.background.steps.isEmpty
    }

    /// `nil` of a row that cannot be copied.
    func copy(of row: Row) -> Row? {
        guard canBeCopied(row) else { return nil }
        let called = Set(row.answers.map(\.name))
        var copy = row
        copy.id += Self.idEnding
        (copy.answers, copy.possible, copy.reply) = ([], nil, nil)
        copy.definitions = row.definitions?.filter { !called.contains($0.name) }
        copy.functions = row.functions
        var spare = replacements(for: row)[...]
        for place in row.functions.indices.reversed() where called.contains(row.functions[place]) {
            if let other = spare.popFirst() { copy.functions[place] = other } else { copy.functions.remove(at: place) }
        }
        return copy
    }

    /// Functions that a row does not list, as many as it calls, by hash.
    private func replacements(for row: Row) -> [String] {
        let listed = Set(row.functions)
        let order = pool.filter { !listed.contains($0) }.map {
            (StableHash.unit("no_call function", kind.seed, "\(row.id)/\($0)"), $0)
        }
        return order.sorted { $0 < $1 }.prefix(row.functions.count).map(\.1)
    }
}
