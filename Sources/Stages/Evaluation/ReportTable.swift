import CanonicalJSON

/// A report's rows as a table: size first, then each metric on each set, side by side. Rows that differ in their seeds alone
/// are one line, mean ± deviation. Rows that no other beats in size and quality say so last.
package struct ReportTable: Sendable {
    private let headings: [String]
    private let lines: [[String]]

    package init(_ report: JSON) { self.init(report, rows: report["over_seeds"] ?? report["rows"] ?? []) }

    /// Every run in a line of its own.
    static func ofEachRun(_ report: JSON) -> ReportTable { ReportTable(report, rows: report["rows"] ?? []) }

    private init(_ report: JSON, rows: JSON) {
        let sets = (report["sets"]?.array ?? []).compactMap(\.string)
        let metrics = (report["metrics"]?.array ?? []).compactMap(\.string)
        let columns = Column.all(metrics: metrics, sets: sets)
        let rows = rows.array ?? []
        let marks = rows.contains { $0["front"] != nil } ? ["front"] : []
        headings = ["model"] + columns.map(\.heading) + marks
        lines = rows.map { row in
            let cells = columns.map { $0.cell(of: row) } + marks.map { Self.front(row[$0]) }
            return [row["name"]?.string ?? ""] + cells
        }
    }

    /// The qualities that a row is on the front of.
    private static func front(_ metrics: JSON?) -> String {
        (metrics?.array ?? []).compactMap(\.string).map { $0 == "ar" ? "AR" : $0 }.joined(separator: ", ")
    }

    /// A figure of a row: where it stands, and how it is written.
    private struct Column {
        let heading: String
        let path: [String]
        let text: (Double) -> String
        var unit = ""

        static func all(metrics: [String], sets: [String]) -> [Column] {
            var columns = [
                Column(heading: "parameters", path: ["parameters"], text: { decimal($0 / 1e6, places: 3) }, unit: " M"),
                Column(heading: "size", path: ["bytes"], text: { decimal($0 / 1024, places: 0) }, unit: " KiB"),
            ]
            if metrics.contains("flops") {
                columns.append(Column(heading: "MFLOPs/answer", path: ["flops"], text: { decimal($0 / 1e6, places: 1) }))
            }
            if metrics.contains("speed") {
                columns.append(Column(heading: "tokens/s", path: ["speed"], text: { decimal($0, places: 0) }))
            }
            if metrics.contains("perplexity") {
                columns.append(Column(heading: "perplexity", path: ["perplexity"], text: { decimal($0, places: 3) }))
            }
            return columns + metrics.flatMap { metric in sets.compactMap { Column(metric, on: $0) } }
        }

        private init(heading: String, path: [String], text: @escaping (Double) -> String, unit: String = "") {
            self.heading = heading
            self.path = path
            self.text = text
            self.unit = unit
        }

        /// `nil` for what is no figure of a set.
        private init?(_ metric: String, on set: String) {
            switch metric {
            case "ar": self.init(heading: "AR \(set)", path: ["sets", set, "ar"], text: percent)
            case "exact": self.init(heading: "exact \(set)", path: ["sets", set, "exact"], text: percent)
            case "length":
                self.init(
                    heading: "tokens \(set)", path: ["sets", set, "response_tokens_mean"], text: { decimal($0, places: 1) })
            default: return nil
            }
        }

        func cell(of row: JSON) -> String {
            guard let value = figure(in: row) else { return "–" }
            guard (row["runs"]?.integer ?? 1) > 1, let deviation = figure(in: row["deviation"] ?? [:]), deviation > 0 else {
                return text(value) + unit
            }
            return text(value) + " ± " + text(deviation) + unit
        }

        private func figure(in row: JSON) -> Double? { path.reduce(row) { $0[$1] ?? .null }.double }
    }

    /// Aligned columns for a terminal.
    package var text: String { table.text }

    package var markdown: String { table.markdown }

    var table: TextTable { TextTable(headings: headings, lines: lines) }

    static func percentage(_ share: Double?) -> String { share.map(percent) ?? "–" }
    private static func percent(_ share: Double) -> String { decimal(share * 100, places: 1) }

    /// A number with a fixed number of decimal places.
    package static func decimal(_ value: Double, places: Int) -> String {
        var scale = 1.0
        for _ in 0..<places { scale *= 10 }
        let scaled = (abs(value) * scale).rounded()
        let digits = String(Int(scaled))
        let sign = value < 0 && scaled > 0 ? "-" : ""
        guard places > 0 else { return sign + digits }
        let padded = String(repeating: "0", count: max(0, places + 1 - digits.count)) + digits
        return sign + padded.dropLast(places) + "." + padded.suffix(places)
    }
}
