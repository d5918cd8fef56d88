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
