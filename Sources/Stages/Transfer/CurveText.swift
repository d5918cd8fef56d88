import CanonicalJSON
import Foundation

/// A training curve for people: what it reads at each step, drawn or in figures.
package struct CurveText: Sendable {
    /// One reading: the steps that have it, and its values there.
    struct Reading: Hashable, Sendable {
        var name: String
        var steps: [Int]
        var values: [Double]
    }

    let readings: [Reading]
    package let steps: Int

    /// - Parameter lines: those of `curve.jsonl`. What is no number, or no later step, is left out.
    package init(lines: [JSON]) {
        var readings: [String: Reading] = [:]
        for line in lines {
            guard let step = line["step"]?.integer else { continue }
            for (name, value) in line.object ?? [:] where name != "step" && name != "tokens" {
                // A received curve may have any: sums and differences are to be numbers, and steps rise.
                guard let value = value.double, abs(value) < 1e300, (0...1 << 53).contains(step),
                    readings[name]?.steps.last.map({ step > $0 }) ?? true
                else { continue }
                readings[name, default: Reading(name: name, steps: [], values: [])].steps.append(step)
                readings[name]?.values.append(value)
            }
        }
        self.readings = readings.values.sorted { Self.order($0.name) < Self.order($1.name) }
        steps = lines.count
    }

    /// What is trained for comes first, what the optimizer does last.
    private static func order(_ name: String) -> (Int, String) {
        let first = ["loss", "validation_loss", "reward"]
        let last = ["learning_rate", "gradient_norm"]
        return (first.firstIndex(of: name) ?? last.firstIndex(of: name).map { 100 + $0 } ?? 50, name)
    }

    /// A line for each reading.
    package var figures: String {
        TextTable(
            headings: ["reading", "first", "last", "lowest", "at step", "highest", "at step"],
            lines: readings.map { reading in
                let (lowest, highest) = (reading.place(of: reading.values.min()), reading.place(of: reading.values.max()))
                return [
                    reading.name, Self.figure(reading.values[0]), Self.figure(reading.values[reading.values.count - 1]),
                    Self.figure(reading.values[lowest]), String(reading.steps[lowest]), Self.figure(reading.values[highest]),
                    String(reading.steps[highest]),
                ]
            }
        ).text
    }

    /// A drawing of each reading, so many columns wide, its largest value on the left above and its smallest below.
    package func drawing(width: Int) -> String {
        let margin = 12
        return readings.map { reading in
            let plot = LinePlot(
                xs: reading.steps.map(Double.init), ys: reading.values, width: max(20, width - margin - 1), height: 3)
            let (lowest, highest) = (reading.values.min() ?? 0, reading.values.max() ?? 0)
            let labels = [Self.figure(highest), "", lowest == highest ? "" : Self.figure(lowest)]
            let last = reading.values.last.map(Self.figure) ?? ""
            return
                (["\(reading.name), in the end \(last)"]
                + zip(labels, plot.lines).map { String(repeating: " ", count: margin - $0.count) + $0 + " " + $1 })
                .joined(separator: "\n")
        }.joined(separator: "\n")
    }

    /// The loss on one line, in blocks; empty where there is none.
    package func lossLine(width: Int) -> String {
        readings.first { $0.name == "loss" }.map { BlockLine(values: $0.values, width: width).text } ?? ""
    }

    /// The first and the last value of a reading.
    package func ends(of name: String) -> (first: String, last: String)? {
        guard let reading = readings.first(where: { $0.name == name }), let first = reading.values.first,
            let last = reading.values.last
        else { return nil }
        return (Self.figure(first), Self.figure(last))
    }

    private static func figure(_ value: Double) -> String { String(format: "%.4g", value) }
}

extension CurveText.Reading {
    fileprivate func place(of value: Double?) -> Int { value.flatMap { values.firstIndex(of: $0) } ?? 0 }
}

/// How a report's models were trained, a line for each training.
package struct TrainingTable: Sendable {
    package let text: String

    package init(_ trainings: [(stage: String, curve: CurveText)]) {
        text =
            TextTable(
                headings: ["training", "loss", "steps", "first", "last", "validation"],
                lines: trainings.map { stage, curve in
                    let loss = curve.ends(of: "loss")
                    return [
                        stage, curve.lossLine(width: 24), String(curve.steps), loss?.first ?? "–", loss?.last ?? "–",
                        curve.ends(of: "validation_loss")?.last ?? "–",
                    ]
                }, words: 2
            ).text
    }
}

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
