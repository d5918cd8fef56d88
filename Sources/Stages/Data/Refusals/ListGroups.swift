import Engine

/// Rows of a set that list the same functions in the same order, one after the other, as `candidates.group` makes them.
///
/// A training computes what their prompts begin with once. A copy that wants no call joins such a group, so that it costs no list
/// of its own.
struct ListGroups {
    private let rows: [Row]
    /// Neighbours, two at least.
    private let groups: [Range<Int>]

    /// Of so many groups that suit a copy, it joins the one whose functions are most like those that it calls.
    private static let mostCompared = 8

    init(of rows: [Row]) {
        self.rows = rows
        var groups: [Range<Int>] = []
        var start = 0
        for end in 1...max(1, rows.count) {
            if end < rows.count, Self.isOneList(rows[start], rows[end]) { continue }
            if end - start > 1 { groups.append(start..<end) }
            start = end
        }
        self.groups = groups
    }

    /// Definitions of a row's own make another prompt of the same names.
    private static func isOneList(_ one: Row, _ other: Row) -> Bool {
        !one.functions.isEmpty && one.functions == other.functions && one.definitions == nil && other.definitions == nil
    }

    /// The rows, each group with the copies that joined it behind it; copies that no group suits come last, as they are.
    func joined(by copies: [RefusedRows.Copy]) -> [Row] {
        var words: [String: Set<String>] = [:]
        var behind: [Int: [Row]] = [:]
        var alone: [Row] = []
        for copy in copies {
            guard let group = group(for: copy, &words) else {
                alone.append(copy.row)
                continue
            }
            var row = copy.row
            row.functions = rows[group.lowerBound].functions
            row.definitions = nil
            behind[group.upperBound - 1, default: []].append(row)
        }
        return rows.indices.flatMap { [rows[$0]] + behind[$0, default: []] } + alone
    }

    /// A group that lists nothing that the copy calls; `nil` if there is none.
    ///
    /// - Parameter words: of functions' names, as far as they were needed.
    private func group(for copy: RefusedRows.Copy, _ words: inout [String: Set<String>]) -> Range<Int>? {
        func terms(_ name: String) -> Set<String> {
            if let known = words[name] { return known }
            let terms = Set(SearchTerms.terms(of: name))
            words[name] = terms
            return terms
        }
        let wanted = copy.called.reduce(into: Set<String>()) { $0.formUnion(terms($1)) }
        let first = Int(copy.start * Double(groups.count))
        var best: (group: Range<Int>, alike: Int)?
        var compared = 0
        for step in groups.indices {
            let group = groups[(first + step) % groups.count]
            let listed = rows[group.lowerBound].functions
            guard copy.called.isDisjoint(with: listed) else { continue }
            let alike = listed.count { !terms($0).isDisjoint(with: wanted) }
            if alike > best?.alike ?? -1 { best = (group, alike) }
            compared += 1
            if compared == Self.mostCompared { break }
        }
        return best?.group
    }
}
