import Foundation

/// What is wrong with a GGUF file, as the rest of a sentence that starts with `the file is damaged:`.
struct GGUFFault: Error, CustomStringConvertible {
    var description: String

    init(_ description: String) { self.description = description }
}

/// A place in a file's bytes that moves on as they are read. Nothing is read, and nothing is allocated, beyond their end.
struct GGUFCursor {
    private let data: Data
    private(set) var position = 0

    init(_ data: Data) { self.data = data }

    var remaining: Int { data.count - position }

    /// A little-endian number.
    mutating func read<Number: BitwiseCopyable>(_ type: Number.Type = Number.self) throws(GGUFFault) -> Number {
        let size = MemoryLayout<Number>.size
        guard remaining >= size else { throw GGUFFault("it ends within its header") }
        defer { position += size }
        return data.withUnsafeBytes { $0.loadUnaligned(fromByteOffset: position, as: type) }
    }

    /// A count of things that take at least `size` bytes each, so that the file can hold as many.
    mutating func readCount(of things: String, size: Int, limit: Int = .max) throws(GGUFFault) -> Int {
        let count = try read(UInt64.self)
        guard count <= UInt64(min(remaining / size, limit)) else {
            throw GGUFFault("it claims \(count) \(things), more than it can hold")
        }
        return Int(count)
    }

    /// A string of at most `limit` bytes, which must be UTF-8.
    mutating func readString(limit: Int = .max) throws(GGUFFault) -> String {
        let bytes = try readStringBytes(limit: limit)
        guard let text = String(validating: bytes, as: UTF8.self) else {
            throw GGUFFault("a string of its header is not UTF-8")
        }
        return text
    }

    mutating func readStringBytes(limit: Int = .max) throws(GGUFFault) -> Data {
        let length = try readCount(of: "bytes of a string", size: 1, limit: limit)
        defer { position += length }
        return slice(position..<position + length)
    }

    /// Passes over so many elements of a size.
    mutating func skip(_ count: Int, size: Int) throws(GGUFFault) {
        guard count <= remaining / size else { throw GGUFFault("it ends within its header") }
        position += count * size
    }

    /// A range of the bytes, shared and not copied.
    func slice(_ range: Range<Int>) -> Data { data[data.startIndex + range.lowerBound..<data.startIndex + range.upperBound] }
}
