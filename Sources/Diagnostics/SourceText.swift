/// One file as it was read, shared by every span that points into it.
package final class SourceText: Sendable {
    /// As diagnostics show it.
    package let path: String
    package let bytes: [UInt8]
    /// Byte offset of the first byte of each line; at least one line.
    let lineStarts: [Int]

    package init(path: String, bytes: some Sequence<UInt8>) {
        self.path = path
        self.bytes = Array(bytes)
        var starts = [0]
        for (offset, byte) in self.bytes.enumerated() where byte == UInt8(ascii: "\n") { starts.append(offset + 1) }
        lineStarts = starts
    }

    package convenience init(path: String, text: String) { self.init(path: path, bytes: text.utf8) }

    package func span(_ range: Range<Int>) -> SourceSpan {
        SourceSpan(source: self, start: range.lowerBound, end: range.upperBound)
    }

    /// Index from 0 of the line that holds a byte.
    func line(at offset: Int) -> Int {
        var low = 0
        var high = lineStarts.count
        while high - low > 1 {
            let middle = (low + high) / 2
            if lineStarts[middle] <= offset { low = middle } else { high = middle }
        }
        return low
    }

    /// The bytes of a line without its line break.
    func range(ofLine line: Int) -> Range<Int> {
        let start = lineStarts[line]
        var end = line + 1 < lineStarts.count ? lineStarts[line + 1] - 1 : bytes.count
        if end > start, bytes[end - 1] == UInt8(ascii: "\r") { end -= 1 }
        return start..<end
    }
}

/// A range of bytes in a file.
package struct SourceSpan: Sendable {
    package let source: SourceText
    /// Byte offset of the first byte.
    package let start: Int
    /// Byte offset after the last byte; never before `start`.
    package let end: Int

    /// Offsets outside the file move to its nearest end.
    package init(source: SourceText, start: Int, end: Int) {
        self.source = source
        self.start = min(max(start, 0), source.bytes.count)
        self.end = min(max(end, self.start), source.bytes.count)
    }

    /// From 1.
    package var line: Int { source.line(at: start) + 1 }

    /// From 1, counted in Unicode scalars.
    package var column: Int {
        let lineStart = source.lineStarts[source.line(at: start)]
        return String(decoding: source.bytes[lineStart..<start], as: UTF8.self).unicodeScalars.count + 1
    }

    package var text: String { String(decoding: source.bytes[start..<end], as: UTF8.self) }

    /// From the start of this span to the end of another in the same file.
    package func extended(to other: SourceSpan) -> SourceSpan {
        SourceSpan(source: source, start: start, end: max(end, other.end))
    }
}

extension SourceSpan: Hashable {
    package static func == (left: SourceSpan, right: SourceSpan) -> Bool {
        left.source === right.source && left.start == right.start && left.end == right.end
    }

    package func hash(into hasher: inout Hasher) {
        hasher.combine(ObjectIdentifier(source))
        hasher.combine(start)
        hasher.combine(end)
    }
}

extension SourceSpan: CustomStringConvertible {
    /// `recipes/smart-home.yaml:21:24`.
    package var description: String { "\(source.path):\(line):\(column)" }
}
