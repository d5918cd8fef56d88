/// Shows diagnostics as text: the message, the place, the source lines with their labels underlined, the help.
package enum DiagnosticRenderer {
    /// All diagnostics with an empty line between two; ends with a line break unless there are none.
    package static func render(_ diagnostics: [Diagnostic]) -> String {
        diagnostics.map(render).joined(separator: "\n")
    }

    /// One diagnostic; ends with a line break.
    package static func render(_ diagnostic: Diagnostic) -> String {
        let blocks = blocks(of: diagnostic)
        let gutter = blocks.flatMap { $0.lines.map { String($0.number).count } }.max() ?? 1
        let margin = String(repeating: " ", count: gutter)
        var output = "\(diagnostic.severity.rawValue)[\(diagnostic.code)]: \(harmless(diagnostic.message))\n"
        for (index, block) in blocks.enumerated() {
            output += "\(margin)\(index == 0 ? "-->" : ":::") \(harmless(block.place.description))\n"
            if block.lines.isEmpty { continue }
            output += "\(margin) |\n"
            var previous: Int?
            for line in block.lines {
                if let previous, line.number > previous + 1 { output += "...\n" }
                previous = line.number
                let number = String(line.number)
                output += row(String(repeating: " ", count: gutter - number.count) + number + " |", line.shown.text)
                for marks in LabelLayout.rows(of: line.labels, on: line.shown) { output += row("\(margin) |", marks) }
            }
        }
        if let help = diagnostic.help { output += "\(margin) = help: \(harmless(help))\n" }
        return output
    }

    /// Text without what a terminal would act on: messages quote what people wrote.
    private static func harmless(_ text: String) -> String {
        var shown = String.UnicodeScalarView()
        shown.append(contentsOf: text.unicodeScalars.map { $0.isControl ? "\u{FFFD}" : $0 })
        return String(shown)
    }

    private static func row(_ gutter: String, _ text: String) -> String {
        text.isEmpty ? "\(gutter)\n" : "\(gutter) \(text)\n"
    }

    /// The labels of one file.
    private struct Block {
        var place: SourceSpan
        var lines: [Line]
    }

    private struct Line {
        /// From 1.
        var number: Int
        var shown: ShownLine
        var labels: [LabelLayout.Label]
    }

    /// The primary label's file first, others in the order of their labels; lines in their files' order.
    private static func blocks(of diagnostic: Diagnostic) -> [Block] {
        let labels = [(diagnostic.primary, true)] + diagnostic.secondary.map { ($0, false) }
        var sources: [SourceText] = []
        for (label, _) in labels where !sources.contains(where: { $0 === label.span.source }) {
            sources.append(label.span.source)
        }
        return sources.compactMap { source in
            let inside = labels.filter { $0.0.span.source === source }
            guard let place = inside.first?.0.span else { return nil }
            guard source.hasLines else { return Block(place: place, lines: []) }
            let byLine = Dictionary(grouping: inside) { $0.0.span.line }
            let lines = byLine.keys.sorted().map { number -> Line in
                let group = byLine[number] ?? []
                let shown = ShownLine(source: source, line: number - 1, focus: group.first?.0.span.start ?? 0)
                let lineEnd = source.range(ofLine: number - 1).upperBound
                return Line(
                    number: number, shown: shown,
                    labels: group.map { label, isPrimary in
                        let start = shown.cell(at: label.span.start)
                        let end = shown.cell(at: min(label.span.end, lineEnd))
                        return LabelLayout.Label(
                            cells: start..<max(end, start + 1), mark: isPrimary ? "^" : "-", text: harmless(label.text))
                    })
            }
            return Block(place: place, lines: lines)
        }
    }
}

/// A source line as a terminal shows it: tabs expanded, control characters replaced, cut to a window where it is long.
struct ShownLine {
    /// Cells that a line may take.
    static let widest = 160
    static let tabWidth = 4

    private(set) var text = ""
    /// Bytes that the window covers.
    private let window: Range<Int>
    /// Cell of the window's first character; 1 where an ellipsis stands before it.
    private let indent: Int
    /// Byte offset and first cell of each character in the window, and of its end.
    private var cells: [(offset: Int, cell: Int)] = []

    /// Shows the line that holds a byte; `focus` stays inside the window.
    init(source: SourceText, line: Int, focus: Int) {
        let whole = source.range(ofLine: line)
        window = Self.window(of: whole, in: source.bytes, focus: focus)
        indent = window.lowerBound > whole.lowerBound ? 1 : 0
        if indent == 1 { text = "…" }
        var cell = indent
        var offset = window.lowerBound
        for scalar in String(decoding: source.bytes[window], as: UTF8.self).unicodeScalars {
            cells.append((offset, cell))
            // An invalid byte decodes to U+FFFD, three bytes long; the map then drifts within this line only.
            offset += scalar.utf8.count
            if scalar == "\t" {
                let width = Self.tabWidth - (cell - indent) % Self.tabWidth
                text += String(repeating: " ", count: width)
                cell += width
            } else if scalar.isControl {
                text += "\u{FFFD}"
                cell += 1
            } else {
                text.unicodeScalars.append(scalar)
                cell += scalar.displayWidth
            }
        }
        cells.append((max(offset, window.upperBound), cell))
        if window.upperBound < whole.upperBound { text += "…" }
    }

    /// The cell at which a byte stands; bytes outside the window stand at its edges.
    func cell(at offset: Int) -> Int {
        for (start, cell) in cells where start >= offset { return cell }
        return cells.last?.cell ?? 0
    }

    /// At most `widest` bytes around the focus, cut between characters.
    private static func window(of line: Range<Int>, in bytes: [UInt8], focus: Int) -> Range<Int> {
        guard line.count > widest else { return line }
        var start = max(line.lowerBound, min(focus - widest / 4, line.upperBound - widest))
        var end = min(line.upperBound, start + widest)
        while start > line.lowerBound, bytes[start] & 0xC0 == 0x80 { start -= 1 }
        while end < line.upperBound, bytes[end] & 0xC0 == 0x80 { end += 1 }
        return start..<end
    }
}

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

extension Unicode.Scalar {
    /// Terminal cells: 0 for combining marks and joiners, 2 for East Asian wide characters and emoji, otherwise 1.
    var displayWidth: Int {
        if value < 0x300 { return 1 }
        switch properties.generalCategory {
        case .nonspacingMark, .enclosingMark, .format: return 0
        default: break
        }
        return Self.wide.contains { $0.contains(value) } ? 2 : 1
    }

    /// Whether a terminal would act on it instead of showing it.
    var isControl: Bool {
        value < 0x20 || (0x7F...0x9F).contains(value) || (0x2028...0x202E).contains(value) || (0x2066...0x2069).contains(value)
    }

    /// The wide and full-width blocks of Unicode's East Asian Width, and the emoji blocks.
    private static let wide: [ClosedRange<UInt32>] = [
        0x1100...0x115F, 0x231A...0x231B, 0x23E9...0x23EC, 0x2E80...0x303E, 0x3041...0x33FF, 0x3400...0x4DBF,
        0x4E00...0x9FFF, 0xA000...0xA4CF, 0xA960...0xA97C, 0xAC00...0xD7A3, 0xF900...0xFAFF, 0xFE30...0xFE6F,
        0xFF00...0xFF60, 0xFFE0...0xFFE6, 0x1F300...0x1F64F, 0x1F680...0x1F6FF, 0x1F900...0x1F9FF, 0x20000...0x3FFFD,
    ]
}
