import CanonicalJSON

/// What an evaluation says of each function: rows, AR and exact match, and what was called in its place.
package struct ConfusionText: Sendable {
    /// Functions named in place of a wanted one, at most.
    private static let mostNamed = 3

    private let tables: [(set: String, table: TextTable)]

    /// - Parameter confusion: `confusion.json` of `eval.score`.
    package init(_ confusion: JSON) {
        tables = (confusion["sets"] ?? [:]).sortedMembers.map { set, entry in
            let lines = (entry["functions"] ?? [:]).sortedMembers.map { name, shares in
                [
                    name, Self.confused(name, entry["called"]?[name] ?? [:]), String(shares["rows"]?.integer ?? 0),
                    ReportTable.percentage(shares["ar"]?.double), ReportTable.percentage(shares["exact"]?.double),
                ]
            }
            return (
                set, TextTable(headings: ["\(set): wanted", "called instead", "rows", "AR", "exact"], lines: lines, words: 2)
            )
        }
    }

    /// `play_music 3, no call 1`: the most frequent first, then by name.
    private static func confused(_ wanted: String, _ called: JSON) -> String {
        let others = called.sortedMembers.filter { $0.key != wanted }.map { ($0.key, $0.value.integer ?? 0) }
        let sorted = others.sorted { ($1.1, $0.0) < ($0.1, $1.0) }
        return sorted.prefix(mostNamed).map { "\($0) \($1)" }.joined(separator: ", ")
    }

    package var text: String { tables.map(\.table.text).joined(separator: "\n") }

    package var markdown: String { tables.map(\.table.markdown).joined(separator: "\n") }
}
