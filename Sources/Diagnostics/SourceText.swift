/// One file as it was read, shared by every span that points into it.
package final class SourceText: Sendable {
    /// As diagnostics show it.
    package let path: String
    package let bytes: [UInt8]
    /// Whether there are lines to show; else the path alone is a place.
    package let hasLines: Bool
    /// Byte offset of the first byte of each line; at least one line.
    let lineStarts: [Int]

    package init(path: String, bytes: some Sequence<UInt8>) {
        (self.path, hasLines) = (path, true)
        self.bytes = Array(bytes)
        var starts = [0]
        for (offset, byte) in self.bytes.enumerated() where byte == UInt8(ascii: "\n") { starts.append(offset + 1) }
        lineStarts = starts
    }

    /// A file whose content is no text.
    package init(withoutLines path: String) { (self.path, bytes, hasLines, lineStarts) = (path, [], false, [0]) }

    package convenience init(path: String, text: String) { self.init(path: path, bytes: text.utf8) }

    package func span(_ range: Range<Int>) -> SourceSpan {
        SourceSpan(source: self, start: range.lowerBound, end: range.upperBound)
    }

    /// A line without its line break.
    ///
    /// - Parameter number: from 1.
    package func line(_ number: Int) -> SourceSpan {
        lineStarts.indices.contains(number - 1) ? span(range(ofLine: number - 1)) : span(0..<0)
    }

    /// The word at a place: letters, digits and what names and numbers are made of.
    ///
    /// - Parameters: from 1; columns count Unicode scalars.
    package func word(line: Int, column: Int) -> SourceSpan {
        guard lineStarts.indices.contains(line - 1) else { return span(0..<0) }
        let range = range(ofLine: line - 1)
        let before = String(decoding: bytes[range], as: UTF8.self).unicodeScalars.prefix(max(0, column - 1))
        let start = min(range.upperBound, range.lowerBound + String(String.UnicodeScalarView(before)).utf8.count)
        let rest = bytes[start..<range.upperBound].prefix { byte in
            byte >= 0x80 || (48...57).contains(byte) || (97...122).contains(byte | 0x20) || "_-.".utf8.contains(byte)
        }
        return span(start..<max(rest.endIndex, min(start + 1, range.upperBound)))
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

    /// The first place of a text inside; all of the span where the text is not there.
    package func part(_ text: String) -> SourceSpan {
        guard let range = source.bytes[start..<end].firstRange(of: Array(text.utf8)) else { return self }
        return SourceSpan(source: source, start: range.lowerBound, end: range.upperBound)
    }

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
    package var description: String { source.hasLines ? "\(source.path):\(line):\(column)" : source.path }
}
