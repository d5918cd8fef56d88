import Foundation

/// The types of GGUF's metadata, under the format's numbers.
enum GGUFValueType: UInt32, Sendable {
    case uint8 = 0
    case int8, uint16, int16, uint32, int32, float32, bool, string, array, uint64, int64, float64

    /// Bytes that a value takes; for a string or an array, at least.
    var size: Int {
        switch self {
        case .uint8, .int8, .bool: 1
        case .uint16, .int16: 2
        case .uint32, .int32, .float32: 4
        case .uint64, .int64, .float64, .string: 8
        case .array: 12
        }
    }
}

/// A value of a GGUF file's metadata.
enum GGUFValue: Sendable {
    case integer(Int64)
    /// One that does not fit `integer`.
    case large(UInt64)
    case float32(Float)
    case float64(Double)
    case bool(Bool)
    case string(String)
    case array(GGUFArray)

    var integer: Int? { if case .integer(let value) = self { Int(value) } else { nil } }
    var bool: Bool? { if case .bool(let value) = self { value } else { nil } }
    var string: String? { if case .string(let value) = self { value } else { nil } }
    var array: GGUFArray? { if case .array(let value) = self { value } else { nil } }

    /// A number; a float32 is the shortest decimal that names it, as the configuration it was made from had it.
    var number: Double? {
        switch self {
        case .integer(let value): Double(value)
        case .float32(let value): value.isFinite ? Double(value.description) : nil
        case .float64(let value): value.isFinite ? value : nil
        default: nil
        }
    }
}

/// An array of the metadata as raw bytes. Its elements are decoded on demand.
struct GGUFArray: Sendable {
    let type: GGUFValueType
    let count: Int
    fileprivate let bytes: Data

    /// `nil` where the elements are not strings, or not UTF-8.
    func strings() -> [String]? {
        guard type == .string else { return nil }
        var cursor = GGUFCursor(bytes)
        let strings = (0..<count).compactMap { _ in try? cursor.readString() }
        return strings.count == count ? strings : nil
    }

    /// `nil` where the elements are not float32.
    func floats() -> [Float]? {
        var cursor = GGUFCursor(bytes)
        guard type == .float32 else { return nil }
        return (0..<count).compactMap { _ in try? cursor.read(Float.self) }
    }

    /// `nil` where the elements are no words of truth.
    func bools() -> [Bool]? {
        var cursor = GGUFCursor(bytes)
        guard type == .bool else { return nil }
        return (0..<count).compactMap { _ in (try? GGUFValue(reading: type, from: &cursor))?.bool }
    }

    /// `nil` where the elements are not integers of at most 32 bits.
    func integers() -> [Int]? {
        var cursor = GGUFCursor(bytes)
        guard [.uint8, .int8, .uint16, .int16, .uint32, .int32].contains(type) else { return nil }
        return (0..<count).compactMap { _ in (try? GGUFValue(reading: type, from: &cursor))?.integer }
    }
}

extension GGUFValue {
    /// Arrays within arrays, at most.
    private static let maximumDepth = 4

    /// Reads a value of a type; of an array, its bounds.
    init(reading type: GGUFValueType, from cursor: inout GGUFCursor) throws(GGUFFault) {
        switch type {
        case .uint8: self = .integer(Int64(try cursor.read(UInt8.self)))
        case .int8: self = .integer(Int64(try cursor.read(Int8.self)))
        case .uint16: self = .integer(Int64(try cursor.read(UInt16.self)))
        case .int16: self = .integer(Int64(try cursor.read(Int16.self)))
        case .uint32: self = .integer(Int64(try cursor.read(UInt32.self)))
        case .int32: self = .integer(Int64(try cursor.read(Int32.self)))
        case .int64: self = .integer(try cursor.read(Int64.self))
        case .uint64:
            let value = try cursor.read(UInt64.self)
            self = Int64(exactly: value).map(GGUFValue.integer) ?? .large(value)
        case .float32: self = .float32(try cursor.read(Float.self))
        case .float64: self = .float64(try cursor.read(Double.self))
        case .bool:
            let value = try cursor.read(UInt8.self)
            guard value <= 1 else { throw GGUFFault("a truth value of its header is \(value)") }
            self = .bool(value == 1)
        case .string: self = .string(try cursor.readString())
        case .array: self = .array(try Self.array(from: &cursor))
        }
    }

    private static func array(from cursor: inout GGUFCursor) throws(GGUFFault) -> GGUFArray {
        let (type, count) = try arrayHead(from: &cursor)
        let start = cursor.position
        try skip(count, of: type, in: &cursor, depth: 1)
        return GGUFArray(type: type, count: count, bytes: cursor.slice(start..<cursor.position))
    }

    private static func arrayHead(from cursor: inout GGUFCursor) throws(GGUFFault) -> (GGUFValueType, Int) {
        let number = try cursor.read(UInt32.self)
        guard let type = GGUFValueType(rawValue: number) else {
            throw GGUFFault("an array of its header has the unknown type \(number)")
        }
        return (type, try cursor.readCount(of: "elements of an array", size: type.size))
    }

    /// Skips elements and checks their lengths.
    private static func skip(
        _ count: Int, of type: GGUFValueType, in cursor: inout GGUFCursor, depth: Int
    ) throws(GGUFFault) {
        switch type {
        case .string: for _ in 0..<count { _ = try cursor.readStringBytes() }
        case .array:
            guard depth < maximumDepth else { throw GGUFFault("its arrays are nested deeper than \(maximumDepth) levels") }
            for _ in 0..<count {
                let (inner, innerCount) = try arrayHead(from: &cursor)
                try skip(innerCount, of: inner, in: &cursor, depth: depth + 1)
            }
        default: try cursor.skip(count, size: type.size)
        }
    }
}

/// What is wrong with a GGUF file, as the rest of a sentence that starts with `the file is damaged:`.
struct GGUFFault: Error, CustomStringConvertible {
    var description: String
    /// Or else the file is whole, and has what only other programs read.
    var isDamage: Bool

    init(_ description: String, isDamage: Bool = true) { (self.description, self.isDamage) = (description, isDamage) }
}

/// A reading position in a file's bytes. It never reads or allocates beyond their end.
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

    /// A count of items of at least `size` bytes each. The rest of the file must have room for them.
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

    /// Skips a number of elements of one size.
    mutating func skip(_ count: Int, size: Int) throws(GGUFFault) {
        guard count <= remaining / size else { throw GGUFFault("it ends within its header") }
        position += count * size
    }

    /// A range of the bytes, shared and not copied.
    func slice(_ range: Range<Int>) -> Data { data[data.startIndex + range.lowerBound..<data.startIndex + range.upperBound] }
}
