import Foundation

/// A few bytes as a body.
public final class BytesBody: HTTPBody {
    private let bytes: [UInt8]
    private var position = 0

    public init(_ bytes: [UInt8]) { self.bytes = bytes }

    public var size: Int { bytes.count }

    public func read(into buffer: UnsafeMutableRawBufferPointer) -> Int? {
        let count = min(buffer.count, bytes.count - position)
        buffer.copyBytes(from: bytes[position..<position + count])
        position += count
        return count
    }

    public func rewind() -> Bool {
        position = 0
        return true
    }
}

/// A short answer, kept.
public final class BytesSink: HTTPSink {
    public private(set) var bytes: [UInt8] = []
    private let limit: Int

    public init(limit: Int) { self.limit = limit }

    public func restart() { bytes = [] }

    public func receive(_ bytes: UnsafeRawBufferPointer, answer: HTTPAnswer) -> Bool {
        guard self.bytes.count + bytes.count <= limit else { return false }
        self.bytes += bytes
        return true
    }
}
