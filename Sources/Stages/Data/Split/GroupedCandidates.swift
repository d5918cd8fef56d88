import Engine

/// Rows that list the same functions in the same order, so that what their prompts begin with is computed once.
private struct RowGroup {
    /// Whether all functions of the domain are listed.
    let isWhole: Bool
    /// Functions that are listed whatever the rows call: those similar to what the first one calls.
    let alike: Set<String>
    private(set) var rows: [Row] = []
    /// Functions that some row calls.
    private(set) var own: Set<String> = []
    /// Functions that some row misses: none of the rows may see them.
    private(set) var missed: Set<String> = []

    init(isWhole: Bool, alike: Set<String>) { (self.isWhole, self.alike) = (isWhole, alike) }

    /// Functions that must be listed.
    var needed: Set<String> { own.union(alike) }

    /// Whether a list of so many functions suits a further row as well.
    func takes(calling functions: Set<String>, missing: Bool, candidates: Int) -> Bool {
        if missing { return functions.isDisjoint(with: needed) }
        return functions.isDisjoint(with: missed) && (isWhole || needed.union(functions).count <= candidates)
    }

    mutating func add(_ row: Row, calling functions: Set<String>, missing: Bool) {
        rows.append(row)
        if missing { missed.formUnion(functions) } else { own.formUnion(functions) }
    }
}

extension CandidateFunctions {
    /// Groups that are filled at a time; the oldest of more stays as it is.
    private static let mostOpen = 64

    /// Whether the functions that a row lists are chosen for it, so that they can be chosen for several.
    func isFree(_ row: Row) -> Bool {
        if row.isPassage { return false }
        return split.candidates > 0 && !row.isUnlabelled || row.functions.isEmpty && row.definitions == nil
    }

    /// Free rows of a set in groups, one after the other: each lists the functions that its rows call, those similar to what its
    /// first row calls, and others up to `candidates`. Rows come in the order of their hashes to the first group that they fit, so
    /// that a group's rows are not alike.
    func chosen(forGroupsOf rows: [Row]) -> [Row] {
        let ranks = rows.map { StableHash.unit("group", split.seed, $0.id) }
        let order = rows.indices.sorted { (ranks[$0], $0) < (ranks[$1], $1) }
        var open: [RowGroup] = []
        var listed: [Row] = []
        for row in order.map({ rows[$0] }) {
            let own = Set(row.answers.map(\.name))
            let (isMissing, isWhole) = (misses(row), split.candidates == 0 || row.isUnlabelled)
            let place = open.firstIndex {
                $0.isWhole == isWhole && $0.takes(calling: own, missing: isMissing, candidates: split.candidates)
            }
            if place == nil {
                open.append(RowGroup(isWhole: isWhole, alike: isWhole || isMissing ? [] : Set(alike(to: own, for: row))))
            }
            let group = place ?? open.count - 1
            open[group].add(row, calling: own, missing: isMissing)
            if open[group].rows.count == split.group {
                listed += lists(of: open.remove(at: group))
            } else if open.count > Self.mostOpen {
                listed += lists(of: open.removeFirst())
            }
        }
        return listed + open.flatMap { lists(of: $0) }
    }

    private func lists(of group: RowGroup) -> [Row] {
        guard let first = group.rows.first else { return [] }
        let names =
            group.isWhole
            ? group.own.union(pool).subtracting(group.missed).sorted()
            : group.needed.sorted()
                + others(
                    split.candidates - group.needed.count, than: group.needed.union(group.missed), for: first,
                    alike: group.missed.isEmpty ? 0 : 1)
        if names.isEmpty { return group.rows.map { chosen(for: $0) } }
        let functions = placed(names, in: first)
        return group.rows.map { row in
            var row = row
            if misses(row) {
                row.answers = []
                row.possible = nil
            }
            row.functions = functions
            return row
        }
    }
}
