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
            output += "\(margin)\(index == 0 ? "-->" : ":::") \(harmless(block.place.description))\n\(margin) |\n"
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
