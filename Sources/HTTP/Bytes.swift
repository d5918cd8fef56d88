import Foundation

/// A few bytes as a body.
package final class BytesBody: HTTPBody {
    private let bytes: [UInt8]
    private var position = 0

    package init(_ bytes: [UInt8]) { self.bytes = bytes }

    package var size: Int { bytes.count }

    package func read(into buffer: UnsafeMutableRawBufferPointer) -> Int? {
        let count = min(buffer.count, bytes.count - position)
        buffer.copyBytes(from: bytes[position..<position + count])
        position += count
        return count
    }

    package func rewind() -> Bool {
        position = 0
        return true
    }
}

/// A short answer, kept.
package final class BytesSink: HTTPSink {
    package private(set) var bytes: [UInt8] = []
    private let limit: Int

    package init(limit: Int) { self.limit = limit }

    package func restart() { bytes = [] }

    package func receive(_ bytes: UnsafeRawBufferPointer, answer: HTTPAnswer) -> Bool {
        guard self.bytes.count + bytes.count <= limit else { return false }
        self.bytes += bytes
        return true
    }
}
