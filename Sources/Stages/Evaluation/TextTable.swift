/// Words in rows and columns.
struct TextTable {
    var headings: [String]
    var lines: [[String]]
    /// Columns that are words, the first ones; the others are figures and stand at the right.
    var words = 1

    /// Aligned columns for a terminal.
    var text: String {
        let table = [headings] + lines
        let widths = headings.indices.map { column in table.map { $0[column].count }.max() ?? 0 }
        let rule = widths.map { String(repeating: "─", count: $0) }
        return ([headings, rule] + lines).map { line in
            line.enumerated().map { column, cell in
                let space = String(repeating: " ", count: widths[column] - cell.count)
                return column < words ? cell + space : space + cell
            }.joined(separator: "  ")
        }.joined(separator: "\n") + "\n"
    }

    var markdown: String {
        let rule = headings.indices.map { $0 < words ? "---" : "---:" }
        let cells = lines.map { $0.map { $0.replacing("|", with: "\\|") } }
        return ([headings, rule] + cells).map { "| " + $0.joined(separator: " | ") + " |\n" }.joined()
    }
}
