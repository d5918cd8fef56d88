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
