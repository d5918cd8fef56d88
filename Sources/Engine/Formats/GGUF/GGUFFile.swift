import Foundation

/// A GGUF file, version 2 or 3: metadata, the place of each tensor, the tensors' data.
///
/// As with safetensors, the header is checked against the file's real size before anything is read. The file is mapped, and
/// each tensor is restored on demand.
package struct GGUFFile: Sendable {
    /// The file's name in errors.
    package let file: String
    let metadata: [String: GGUFValue]
    let tensors: [String: GGUFTensor]
    /// What follows the header: of a model in several files, of each.
    private let data: [Data]

    /// More than any model of these families has.
    private static let mostEntries = 1 << 16
    private static let maximumKeyLength = 65_535

    /// Reads a file, and where it is one of several parts the others beside it.
    package init(reading url: URL) throws(ModelFileError) {
        let first = try Self.contents(of: url)
        let parts = try GGUFParts(of: first, at: url)
        guard parts.count > 1 else {
            self = first
            return
        }
        var files: [GGUFFile] = []
        for part in parts.urls { files.append(part == url ? first : try Self.contents(of: part)) }
        self = try parts.joined(files)
    }

    private static func contents(of url: URL) throws(ModelFileError) -> GGUFFile {
        let file = url.lastPathComponent
        let contents: Data
        do {
            contents = try Data(contentsOf: url, options: .mappedIfSafe)
        } catch {
            throw ModelFileError(file: file, reason: "the file cannot be read")
        }
        return try GGUFFile(parsing: contents, file: file)
    }

    package init(parsing contents: Data, file: String = "model.gguf") throws(ModelFileError) {
        self.file = file
        if let words = Placeholder.words(contents) { throw ModelFileError(file: file, reason: words) }
        do {
            var cursor = GGUFCursor(contents)
            let tensorCount = try Self.readTensorCount(from: &cursor)
            metadata = try Self.readMetadata(from: &cursor)
            let alignment = try Self.alignment(metadata)
            tensors = try Self.readTensors(tensorCount, from: &cursor, alignment: alignment)
            let start = (cursor.position + alignment - 1) / alignment * alignment
            data = [cursor.slice(min(start, contents.count)..<contents.count)]
            try Self.check(tensors, dataSize: data[0].count)
        } catch {
            throw ModelFileError(file: file, reason: error.isDamage ? "the file is damaged: \(error)" : "\(error)")
        }
    }

    /// The parts of one model, whose metadata are the first part's.
    ///
    /// - Parameter parts: files that were read one by one; no two hold a tensor of one name.
    init(joining parts: [GGUFFile]) {
        file = parts[0].file
        metadata = parts[0].metadata
        data = parts.flatMap(\.data)
        var tensors: [String: GGUFTensor] = [:]
        for (part, file) in parts.enumerated() {
            for (name, tensor) in file.tensors { tensors[name] = tensor.inPart(part) }
        }
        self.tensors = tensors
    }

    /// Tensor names in the order of their UTF-8 bytes.
    var names: [String] { tensors.keys.sorted { $0.utf8.lexicographicallyPrecedes($1.utf8) } }

    /// Restores a tensor's weights into memory that has room for all of them.
    func copyFloats(_ tensor: GGUFTensor, into target: UnsafeMutableBufferPointer<Float>) {
        data[tensor.part].withUnsafeBytes {
            tensor.type.restore(UnsafeRawBufferPointer(rebasing: $0[tensor.range]), into: target)
        }
    }

    func floats(_ tensor: GGUFTensor) -> [Float] {
        [Float](unsafeUninitializedCapacity: tensor.count) { memory, count in
            memory.initialize(repeating: 0)
            copyFloats(tensor, into: memory)
            count = tensor.count
        }
    }

    // MARK: The header

    private static func readTensorCount(from cursor: inout GGUFCursor) throws(GGUFFault) -> Int {
        guard try cursor.read(UInt32.self) == 0x4655_4747 else { throw GGUFFault("it does not begin with 'GGUF'") }
        let version = try cursor.read(UInt32.self)
        guard version == 2 || version == 3 else {
            let isSwapped = version.byteSwapped == 3
            throw GGUFFault(isSwapped ? "it is of a big-endian machine" : "its version is \(version), and 2 and 3 can be read")
        }
        return try cursor.readCount(of: "tensors", size: GGUFTensor.minimumEntrySize, limit: mostEntries)
    }

    private static func readMetadata(from cursor: inout GGUFCursor) throws(GGUFFault) -> [String: GGUFValue] {
        // A key's length, a type, a value of one byte.
        let count = try cursor.readCount(of: "metadata entries", size: 8 + 4 + 1, limit: mostEntries)
        var metadata: [String: GGUFValue] = [:]
        for _ in 0..<count {
            let key = try cursor.readString(limit: maximumKeyLength)
            let number = try cursor.read(UInt32.self)
            guard let type = GGUFValueType(rawValue: number) else { throw GGUFFault("'\(key)' has the unknown type \(number)") }
            let value = try GGUFValue(reading: type, from: &cursor)
            guard metadata.updateValue(value, forKey: key) == nil else {
                throw GGUFFault("'\(key)' stands twice in its header")
            }
        }
        return metadata
    }

    private static func alignment(_ metadata: [String: GGUFValue]) throws(GGUFFault) -> Int {
        guard let value = metadata["general.alignment"] else { return 32 }
        guard let alignment = value.integer, (1...(1 << 20)).contains(alignment), alignment.nonzeroBitCount == 1 else {
            throw GGUFFault("general.alignment is not a power of two")
        }
        return alignment
    }

    private static func readTensors(
        _ count: Int, from cursor: inout GGUFCursor, alignment: Int
    ) throws(GGUFFault) -> [String: GGUFTensor] {
        var tensors: [String: GGUFTensor] = [:]
        for _ in 0..<count {
            let (name, tensor) = try GGUFTensor.entry(from: &cursor, alignment: alignment)
            guard tensors.updateValue(tensor, forKey: name) == nil else {
                throw GGUFFault("tensor '\(name)' stands twice in its header")
            }
        }
        return tensors
    }

    private static func check(_ tensors: [String: GGUFTensor], dataSize: Int) throws(GGUFFault) {
        var end = 0
        let byPlace = tensors.sorted { ($0.value.range.lowerBound, $0.key) < ($1.value.range.lowerBound, $1.key) }
        for (name, tensor) in byPlace {
            guard tensor.range.lowerBound >= end else { throw GGUFFault("tensor '\(name)' overlaps another tensor") }
            end = tensor.range.upperBound
            guard end <= dataSize else { throw GGUFFault("tensor '\(name)' ends behind the end of the file") }
        }
    }
}

/// Where a tensor of a GGUF file lies, and how.
struct GGUFTensor: Hashable, Sendable {
    let type: GGUFTensorType
    /// Row-major: a matrix is [out, in]. The file writes it the other way round.
    let shape: [Int]
    /// Bytes within the data that follows the header.
    let range: Range<Int>
    /// Which of a model's files holds it.
    private(set) var part = 0

    func inPart(_ part: Int) -> GGUFTensor {
        var tensor = self
        tensor.part = part
        return tensor
    }

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
            guard let known = GGUFTensorType.name(ofUnreadable: number) else {
                throw GGUFFault("tensor '\(name)' has the unknown type \(number)")
            }
            throw GGUFFault(
                "tensor '\(name)' is stored as \(known); the types that can be read are \(GGUFTensorType.readable)",
                isDamage: false)
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
