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
