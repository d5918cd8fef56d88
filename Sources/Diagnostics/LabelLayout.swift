/// Places the labels of one source line in the rows under it.
enum LabelLayout {
    struct Label {
        var cells: Range<Int>
        var mark: Character
        var text: String
    }

    /// Rows of text. Labels that do not overlap share a row of marks: the last one's text stands beside it, the others' hang
    /// below on bars.
    static func rows(of labels: [Label], on line: ShownLine) -> [String] {
        var rows: [String] = []
        var waiting = labels.sorted { ($0.cells.lowerBound, $0.cells.upperBound) < ($1.cells.lowerBound, $1.cells.upperBound) }
        while !waiting.isEmpty {
            var placed: [Label] = []
            var later: [Label] = []
            for label in waiting {
                if let last = placed.last, label.cells.lowerBound < last.cells.upperBound {
                    later.append(label)
                } else {
                    placed.append(label)
                }
            }
            rows += rowsOfDisjoint(placed)
            waiting = later
        }
        return rows
    }

    private static func rowsOfDisjoint(_ labels: [Label]) -> [String] {
        var marks = ""
        var width = 0
        for label in labels {
            marks += String(repeating: " ", count: label.cells.lowerBound - width)
            marks += String(repeating: label.mark, count: label.cells.count)
            width = label.cells.upperBound
        }
        if let last = labels.last, !last.text.isEmpty { marks += " " + last.text }
        var rows = [marks]
        var hanging = labels.dropLast().filter { !$0.text.isEmpty }
        if !hanging.isEmpty { rows.append(bars(hanging)) }
        while let label = hanging.popLast() {
            let before = bars(hanging)
            rows.append(before + String(repeating: " ", count: label.cells.lowerBound - before.count) + label.text)
        }
        return rows
    }

    private static func bars(_ labels: [Label]) -> String {
        var row = ""
        for label in labels { row += String(repeating: " ", count: label.cells.lowerBound - row.count) + "|" }
        return row
    }
}
