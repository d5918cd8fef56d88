/// Where a tensor of a GGUF file lies, and how.
struct GGUFTensor: Hashable, Sendable {
    let type: GGUFTensorType
    /// Row-major: a matrix is [out, in]. The file writes it the other way round.
    let shape: [Int]
    /// Bytes within the data that follows the header.
    let range: Range<Int>

    /// Weights in all.
    var count: Int { shape.reduce(1, *) }

    /// The limits of ggml.
    private static let maximumRank = 4
    private static let maximumNameLength = 1024

    /// Bytes that the smallest entry takes: an empty name's length, a rank, one extent, a type, an offset.
    static let minimumEntrySize = 8 + 4 + 8 + 4 + 8

    /// Reads a tensor's name and entry, and checks it against the bytes that the file has behind its header.
    static func entry(
        from cursor: inout GGUFCursor, alignment: Int
    ) throws(GGUFFault) -> (name: String, tensor: GGUFTensor) {
        let name = try cursor.readString(limit: maximumNameLength)
        let rank = try cursor.read(UInt32.self)
        guard (1...UInt32(maximumRank)).contains(rank) else { throw GGUFFault("tensor '\(name)' has \(rank) dimensions") }
        var shape: [Int] = []
        for _ in 0..<rank {
            guard let extent = Int(exactly: try cursor.read(UInt64.self)), extent > 0 else {
                throw GGUFFault("tensor '\(name)' has an extent of zero or beyond all limits")
            }
            shape.insert(extent, at: 0)
        }
        let number = try cursor.read(UInt32.self)
        guard let type = GGUFTensorType(rawValue: number) else {
            let type = GGUFTensorType.name(ofUnreadable: number).map { "is stored as \($0), which cannot be read" }
            throw GGUFFault("tensor '\(name)' \(type ?? "has the unknown type \(number)")")
        }
        guard let size = byteCount(shape: shape, type: type) else {
            throw GGUFFault("tensor '\(name)' of shape \(shape) does not divide into blocks of \(type.name)")
        }
        let offset = try cursor.read(UInt64.self)
        guard let start = Int(exactly: offset), start.isMultiple(of: alignment), start <= Int.max - size else {
            throw GGUFFault("tensor '\(name)' starts at \(offset), which is no multiple of the alignment \(alignment)")
        }
        return (name, GGUFTensor(type: type, shape: shape, range: start..<start + size))
    }

    /// `nil` where rows are no whole blocks or the size does not fit an integer.
    private static func byteCount(shape: [Int], type: GGUFTensorType) -> Int? {
        guard let columns = shape.last, columns.isMultiple(of: type.blockLength) else { return nil }
        var size = type.blockSize
        for extent in shape.dropLast() + [columns / type.blockLength] {
            let (product, overflow) = size.multipliedReportingOverflow(by: extent)
            if overflow { return nil }
            size = product
        }
        return size
    }
}
