import CanonicalJSON

/// A report's rows as a table: size first, then each metric on each set, side by side.
public struct ReportTable: Sendable {
    private var headings: [String]
    private var lines: [[String]]

    public init(_ report: JSON) {
        let sets = (report["sets"]?.array ?? []).compactMap(\.string)
        let metrics = (report["metrics"]?.array ?? []).compactMap(\.string)
        let shares = metrics.filter { $0 == "ar" || $0 == "exact" }
        headings = ["model", "parameters", "size"]
        if metrics.contains("flops") { headings.append("MFLOPs/answer") }
        if metrics.contains("perplexity") { headings.append("perplexity") }
        headings += shares.flatMap { metric in sets.map { "\(metric == "ar" ? "AR" : metric) \($0)" } }
        lines = (report["rows"]?.array ?? []).map { row in
            var cells = [
                row["name"]?.string ?? "", Self.millions(row["parameters"]?.double), Self.kibibytes(row["bytes"]?.double),
            ]
            if metrics.contains("flops") { cells.append(Self.decimal((row["flops"]?.double ?? 0) / 1e6, places: 1)) }
            if metrics.contains("perplexity") {
                cells.append(row["perplexity"]?.double.map { Self.decimal($0, places: 3) } ?? "–")
            }
            cells += shares.flatMap { metric in sets.map { Self.percentage(row["sets"]?[$0]?[metric]?.double) } }
            return cells
        }
    }

    /// Aligned columns for a terminal.
    public var text: String { table.text }

    public var markdown: String { table.markdown }

    private var table: TextTable { TextTable(headings: headings, lines: lines) }

    private static func millions(_ count: Double?) -> String { count.map { decimal($0 / 1e6, places: 3) + " M" } ?? "–" }
    private static func kibibytes(_ bytes: Double?) -> String { bytes.map { decimal($0 / 1024, places: 0) + " KiB" } ?? "–" }
    static func percentage(_ share: Double?) -> String { share.map { decimal($0 * 100, places: 1) } ?? "–" }

    /// A number with a fixed number of decimal places.
    public static func decimal(_ value: Double, places: Int) -> String {
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
