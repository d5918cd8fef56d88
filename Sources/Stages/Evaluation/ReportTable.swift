import CanonicalJSON

/// A report's rows as a table: size first, then each metric on each set, side by side. Rows that differ in their seeds alone
/// are one line, mean ± deviation. The last column marks rows that no other row beats in size and quality.
package struct ReportTable: Sendable {
    private let headings: [String]
    private let lines: [[String]]

    package init(_ report: JSON) { self.init(report, knowing: Metric.all) }

    init(_ report: JSON, knowing metrics: [Metric]) {
        self.init(report, rows: report["over_seeds"] ?? report["rows"] ?? [], knowing: metrics)
    }

    /// A line for each run.
    static func ofEachRun(_ report: JSON) -> ReportTable {
        ReportTable(report, rows: report["rows"] ?? [], knowing: Metric.all)
    }

    private init(_ report: JSON, rows: JSON, knowing known: [Metric]) {
        let sets = (report["sets"]?.array ?? []).compactMap(\.string)
        let metrics = (report["metrics"]?.array ?? []).compactMap(\.string)
        let rows = rows.array ?? []
        let columns = Column.all(of: known, asked: metrics, sets: sets, rows: rows)
        let marks = rows.contains { $0["front"] != nil } ? ["front"] : []
        headings = ["model"] + columns.map(\.heading) + marks
        lines = rows.map { row in
            let cells = columns.map { $0.cell(of: row) } + marks.map { Self.front(row[$0]) }
            return [row["name"]?.string ?? ""] + cells
        }
    }

    /// The metrics on whose front the row is.
    private static func front(_ metrics: JSON?) -> String {
        (metrics?.array ?? []).compactMap(\.string).map { Metric.named($0)?.heading ?? $0 }.joined(separator: ", ")
    }

    /// A metric, of one set where it has a figure for each.
    private struct Column {
        let metric: Metric
        var set: String?

        /// Those of the model in their own order, then those of sets in the report's order.
        /// Beside AR stands that of the rows that want no call, wherever a set has others too.
        static func all(of known: [Metric], asked metrics: [String], sets: [String], rows: [JSON]) -> [Column] {
            let ofModel = known.filter { !$0.isOfSets && ($0.isAlwaysShown || metrics.contains($0.name)) }
            let mixed =
                metrics.contains(Metric.noCall) ? [] : sets.filter { set in rows.contains { isMixed($0["sets"]?[set]) } }
            let ofSets = metrics.flatMap { name -> [Column] in
                let columns = columns(of: known, name, sets: sets)
                return name == "ar" ? columns + self.columns(of: known, Metric.noCall, sets: mixed) : columns
            }
            return ofModel.map { Column(metric: $0) } + ofSets
        }

        private static func columns(of known: [Metric], _ name: String, sets: [String]) -> [Column] {
            known.filter { $0.name == name && $0.isOfSets }.flatMap { metric in sets.map { Column(metric: metric, set: $0) } }
        }

        /// Whether some rows of a set want calls, and some none.
        private static func isMixed(_ scores: JSON?) -> Bool {
            (scores?["call_rows"]?.double ?? 0) > 0 && (scores?["no_call_rows"]?.double ?? 0) > 0
        }

        var heading: String { metric.heading + (set.map { " \($0)" } ?? "") }

        func cell(of row: JSON) -> String {
            guard let value = metric.figure(in: row, on: set) else { return "–" }
            let deviation = (row["runs"]?.integer ?? 1) > 1 ? metric.figure(in: row["deviation"] ?? [:], on: set) ?? 0 : 0
            guard deviation > 0 else { return metric.format.text(value) }
            return metric.format.number(value) + " ± " + metric.format.text(deviation)
        }
    }

    /// Aligned columns for a terminal.
    package var text: String { table.text }

    package var markdown: String { table.markdown }

    var table: TextTable { TextTable(headings: headings, lines: lines) }

    static func percentage(_ share: Double?) -> String { share.map(Metric.Format.share.text) ?? "–" }
}

/// Words in rows and columns.
package struct TextTable {
    private let headings: [String]
    let lines: [[String]]
    /// The number of columns of words, at the left; figures are aligned at the right.
    private let words: Int

    package init(headings: [String], lines: [[String]], words: Int = 1) {
        (self.headings, self.lines, self.words) = (headings, lines, words)
    }

    /// The headings and the lines for a terminal.
    package var alignedLines: [String] { aligned([headings] + lines, widths) }

    /// Aligned columns for a terminal, with a rule below the headings.
    var text: String {
        let rule = widths.map { String(repeating: "─", count: $0) }
        return aligned([headings, rule] + lines, widths).joined(separator: "\n") + "\n"
    }

    var markdown: String {
        let rule = headings.indices.map { $0 < words ? "---" : "---:" }
        let cells = lines.map { $0.map { $0.replacing("|", with: "\\|") } }
        return ([headings, rule] + cells).map { "| " + $0.joined(separator: " | ") + " |\n" }.joined()
    }

    private var widths: [Int] {
        headings.indices.map { column in ([headings] + lines).map { $0[column].count }.max() ?? 0 }
    }

    private func aligned(_ lines: [[String]], _ widths: [Int]) -> [String] {
        lines.map { line in
            line.enumerated().map { column, cell in
                let space = String(repeating: " ", count: widths[column] - cell.count)
                return column < words ? cell + space : space + cell
            }.joined(separator: "  ")
        }
    }
}
