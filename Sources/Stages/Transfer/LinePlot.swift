/// A line through points, drawn in the dots of Braille characters: two columns and four rows of dots to a character.
struct LinePlot {
    /// From above.
    let lines: [String]

    /// - Parameters:
    ///   - xs: rising.
    ///   - width: characters.
    ///   - height: characters.
    init(xs: [Double], ys: [Double], width: Int, height: Int) {
        var dots = [[UInt8]](repeating: [UInt8](repeating: 0, count: width), count: height)
        let rows = 4 * height
        for (column, range) in Self.columns(xs: xs, ys: ys, count: 2 * width, rows: rows).enumerated() {
            for row in range {
                let fromAbove = rows - 1 - row
                dots[fromAbove / 4][column / 2] |= Self.bit(row: fromAbove % 4, column: column % 2)
            }
        }
        lines = dots.map { line in
            let last = line.lastIndex { $0 != 0 } ?? -1
            return String(String.UnicodeScalarView(line[..<(last + 1)].compactMap { Unicode.Scalar(0x2800 + UInt32($0)) }))
        }
    }

    /// The rows of dots, from below, that each column shows: those between its points, and from the column before.
    private static func columns(xs: [Double], ys: [Double], count: Int, rows: Int) -> [Range<Int>] {
        guard let first = xs.first, let last = xs.last, let lowest = ys.min(), let highest = ys.max() else { return [] }
        func row(_ y: Double) -> Int {
            highest > lowest ? Int(((y - lowest) / (highest - lowest) * Double(rows - 1)).rounded()) : rows / 2
        }
        var columns = [Range<Int>](repeating: 0..<0, count: last > first ? count : 1)
        func show(_ row: Int, in column: Int) {
            let range = columns[column]
            columns[column] = range.isEmpty ? row..<row + 1 : min(range.lowerBound, row)..<max(range.upperBound, row + 1)
        }
        var before: (column: Int, row: Int)?
        for (x, y) in zip(xs, ys) {
            let column = last > first ? Int(((x - first) / (last - first) * Double(count - 1)).rounded()) : 0
            let row = row(y)
            if let before, column > before.column {
                var earlier = before.row
                for step in before.column + 1...column {
                    let share = Double(step - before.column) / Double(column - before.column)
                    let here = Int((Double(before.row) + share * Double(row - before.row)).rounded())
                    // A steep line has no gaps.
                    show(here > earlier ? earlier + 1 : here < earlier ? earlier - 1 : here, in: step)
                    show(here, in: step)
                    earlier = here
                }
            }
            show(row, in: column)
            before = (column, row)
        }
        return columns
    }

    /// Of the character's number after U+2800.
    private static func bit(row: Int, column: Int) -> UInt8 {
        row == 3 ? (column == 0 ? 0x40 : 0x80) : 1 << (row + 3 * column)
    }
}

/// Values as blocks of eight heights on one line; where they are more than the line is wide, the means of equal parts.
struct BlockLine {
    let text: String

    init(values: [Double], width: Int) {
        let count = min(width, values.count)
        let means = (0..<count).map { part in
            let range = part * values.count / count..<(part + 1) * values.count / count
            return values[range].reduce(0, +) / Double(range.count)
        }
        let (lowest, highest) = (means.min() ?? 0, means.max() ?? 0)
        text = means.reduce(into: "") { text, mean in
            let height = highest > lowest ? Int(((mean - lowest) / (highest - lowest) * 7).rounded()) : 0
            text.unicodeScalars.append(Unicode.Scalar(UInt32(0x2581 + height)) ?? " ")
        }
    }
}
