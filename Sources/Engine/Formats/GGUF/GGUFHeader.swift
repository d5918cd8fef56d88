/// The header of a GGUF file that is being made: entries in the order in which they are added.
struct GGUFHeader {
    private var metadata: [UInt8] = []
    private var metadataCount = 0
    private var tensors: [UInt8] = []
    private var tensorCount = 0
    /// Bytes of the tensors so far, each padded.
    private var dataSize = 0

    /// The format's default.
    static let alignment = 32

    mutating func add(_ key: String, _ value: UInt32) { add(key, .uint32) { Self.append(value, to: &$0) } }
    mutating func add(_ key: String, _ value: Int) { add(key, UInt32(truncatingIfNeeded: value)) }
    mutating func add(_ key: String, _ value: Float) { add(key, .float32) { Self.append(value.bitPattern, to: &$0) } }
    mutating func add(_ key: String, _ value: Bool) { add(key, .bool) { $0.append(value ? 1 : 0) } }
    mutating func add(_ key: String, _ value: String) { add(key, .string) { Self.append(value, to: &$0) } }

    mutating func add(_ key: String, _ values: [String]) {
        add(key, .array) { bytes in
            Self.append(GGUFValueType.string.rawValue, to: &bytes)
            Self.append(UInt64(values.count), to: &bytes)
            for value in values { Self.append(value, to: &bytes) }
        }
    }

    mutating func add(_ key: String, _ values: [Float]) {
        add(key, .array) { bytes in
            Self.append(GGUFValueType.float32.rawValue, to: &bytes)
            Self.append(UInt64(values.count), to: &bytes)
            for value in values { Self.append(value.bitPattern, to: &bytes) }
        }
    }

    mutating func add(_ key: String, _ values: [Int32]) {
        add(key, .array) { bytes in
            Self.append(GGUFValueType.int32.rawValue, to: &bytes)
            Self.append(UInt64(values.count), to: &bytes)
            for value in values { Self.append(value, to: &bytes) }
        }
    }

    mutating func add(_ key: String, _ values: [Bool]) {
        add(key, .array) { bytes in
            Self.append(GGUFValueType.bool.rawValue, to: &bytes)
            Self.append(UInt64(values.count), to: &bytes)
            bytes += values.map { $0 ? 1 : 0 }
        }
    }

    private mutating func add(_ key: String, _ type: GGUFValueType, _ write: (inout [UInt8]) -> Void) {
        Self.append(key, to: &metadata)
        Self.append(type.rawValue, to: &metadata)
        write(&metadata)
        metadataCount += 1
    }

    /// Adds a tensor; its data follow those of the one added before, both padded.
    mutating func add(tensor name: String, _ type: GGUFTensorType, shape: [Int]) {
        Self.append(name, to: &tensors)
        Self.append(UInt32(shape.count), to: &tensors)
        for extent in shape.reversed() { Self.append(UInt64(extent), to: &tensors) }
        Self.append(type.rawValue, to: &tensors)
        Self.append(UInt64(dataSize), to: &tensors)
        tensorCount += 1
        dataSize += Self.padded(shape.reduce(1, *) / type.blockLength * type.blockSize)
    }

    /// Everything before the data.
    var bytes: [UInt8] {
        var bytes = Array("GGUF".utf8)
        Self.append(UInt32(3), to: &bytes)
        Self.append(UInt64(tensorCount), to: &bytes)
        Self.append(UInt64(metadataCount), to: &bytes)
        bytes += metadata + tensors
        return bytes + Self.padding(after: bytes.count)
    }

    static func padding(after count: Int) -> [UInt8] { Array(repeating: 0, count: padded(count) - count) }

    private static func padded(_ count: Int) -> Int { (count + alignment - 1) / alignment * alignment }

    private static func append(_ value: some FixedWidthInteger, to bytes: inout [UInt8]) {
        withUnsafeBytes(of: value.littleEndian) { bytes.append(contentsOf: $0) }
    }

    private static func append(_ text: String, to bytes: inout [UInt8]) {
        append(UInt64(text.utf8.count), to: &bytes)
        bytes.append(contentsOf: text.utf8)
    }
}
