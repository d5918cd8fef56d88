import CanonicalJSON
import Foundation

#if canImport(Glibc)
    import Glibc
#endif

/// A safetensors file: eight bytes of header length, a JSON header naming each tensor's type, shape and place, the data.
///
/// The header is checked against the file's real size before any tensor is read. So a damaged file is an error, never a crash
/// or a large allocation.
package struct SafeTensors: Sendable {
    struct Entry: Hashable, Sendable {
        var elementType: ElementType
        var shape: [Int]
        /// Byte range within the data that follows the header.
        var range: Range<Int>
    }

    /// The file's name in errors.
    package let file: String
    /// The header's `__metadata__`.
    package let metadata: [String: String]
    let entries: [String: Entry]
    /// What follows the header.
    private let data: Data
    /// Of the file, where it is one.
    private let mapping: FileMapping?
    /// Where it begins in the file.
    private let dataOffset: Int

    /// The limit of the format's reference implementation.
    static let maximumHeaderLength = 100_000_000

    /// Tensor names in the order of their UTF-8 bytes.
    package var names: [String] { entries.keys.sorted { $0.utf8.lexicographicallyPrecedes($1.utf8) } }

    package init(reading url: URL) throws(ModelFileError) {
        let file = url.lastPathComponent
        guard let mapping = FileMapping(of: url) else {
            throw ModelFileError(file: file, reason: "the file cannot be read; is this a model folder?")
        }
        try self.init(parsing: mapping.data, of: mapping, file: file)
    }

    package init(parsing contents: Data, file: String = "model.safetensors") throws(ModelFileError) {
        try self.init(parsing: contents, of: nil, file: file)
    }

    private init(parsing contents: Data, of mapping: FileMapping?, file: String) throws(ModelFileError) {
        (self.file, self.mapping) = (file, mapping)
        if let words = Placeholder.words(contents) { throw ModelFileError(file: file, reason: words) }
        guard contents.count >= 8 else { throw Self.damaged(file, "it ends within the header's length") }
        let length = contents.prefix(8).enumerated().reduce(UInt64(0)) { $0 | UInt64($1.element) << (8 * UInt64($1.offset)) }
        guard length <= Self.maximumHeaderLength else {
            throw Self.damaged(file, "its header claims \(length) bytes, more than the format allows")
        }
        guard Int(length) <= contents.count - 8 else { throw Self.damaged(file, "it ends within the header") }
        let headerBytes = contents.dropFirst(8).prefix(Int(length))
        data = contents.dropFirst(8 + Int(length))
        dataOffset = 8 + Int(length)

        let header: JSON
        do {
            header = try JSON(parsing: headerBytes, maximumDepth: 8)
        } catch {
            throw Self.damaged(file, "its header is not JSON: \(error)")
        }
        guard let members = header.object else { throw Self.damaged(file, "its header is not a JSON object") }
        metadata = try Self.metadata(members["__metadata__"], file: file)

        var entries: [String: Entry] = [:]
        for (name, value) in members where name != "__metadata__" {
            do {
                entries[name] = try Self.entry(value)
            } catch {
                let fault = "tensor '\(name)' \(error.description)"
                throw error.isDamage ? Self.damaged(file, fault) : ModelFileError(file: file, reason: fault)
            }
        }
        self.entries = entries
        try checkThatRangesTileTheData()
    }

    package func contains(_ name: String) -> Bool { entries[name] != nil }

    /// The tensor that a byte of the file belongs to, and its place in it; `nil` for a byte of the header or beyond the end.
    ///
    /// - Parameter offset: from the file's first byte.
    /// - Returns: the byte's place within the tensor, and the number of the element that it is of.
    package func tensor(atByte offset: Int) -> (name: String, byte: Int, element: Int)? {
        let place = offset - dataOffset
        guard let (name, entry) = entries.first(where: { $0.value.range.contains(place) }) else { return nil }
        let byte = place - entry.range.lowerBound
        return (name, byte, byte / entry.elementType.size)
    }

    /// The named tensor. Its bytes are read on demand.
    package func tensor(_ name: String) throws(ModelFileError) -> StoredTensor {
        guard let entry = entries[name] else { throw ModelFileError(file: file, reason: "there is no tensor '\(name)'") }
        let start = data.startIndex + entry.range.lowerBound
        return StoredTensor(
            elementType: entry.elementType, shape: entry.shape, bytes: data[start..<start + entry.range.count])
    }

    /// The named tensor's elements widened to float; an error where it does not hold floats.
    package func floats(_ name: String) throws(ModelFileError) -> [Float] {
        try checkThatItHoldsFloats(name)
        return try tensor(name).floats() ?? []
    }

    /// Widens the named tensor's elements directly into `target`, which has room for all of them. No copy stays in memory.
    func copyFloats(_ name: String, into target: UnsafeMutableBufferPointer<Float>) throws(ModelFileError) {
        let entry = try checkThatItHoldsFloats(name)
        data.withUnsafeBytes { data in
            let source = UnsafeRawBufferPointer(rebasing: data[entry.range])
            switch entry.elementType {
            case .float16: HalfPrecision.widenFloat16(source, into: target)
            case .bfloat16: HalfPrecision.widenBFloat16(source, into: target)
            default: UnsafeMutableRawBufferPointer(target).copyMemory(from: source)
            }
        }
        release(entry)
    }

    /// A copy of the named tensor's bytes.
    func copyBytes(_ name: String) throws(ModelFileError) -> [UInt8] {
        let bytes = Array(try tensor(name).bytes)
        if let entry = entries[name] { release(entry) }
        return bytes
    }

    /// Releases the memory of what was read.
    private func release(_ entry: Entry) {
        mapping?.release(dataOffset + entry.range.lowerBound..<dataOffset + entry.range.upperBound)
    }

    /// Refuses a tensor that is missing or of another shape.
    func check(_ name: String, shape: [Int]) throws(ModelFileError) {
        guard let entry = entries[name] else { throw ModelFileError(file: file, reason: "there is no tensor '\(name)'") }
        guard entry.shape == shape else {
            throw ModelFileError(
                file: file, reason: "tensor '\(name)' has shape \(entry.shape) where config.json asks for \(shape)")
        }
    }

    @discardableResult
    func checkThatItHoldsFloats(_ name: String) throws(ModelFileError) -> Entry {
        guard let entry = entries[name] else { throw ModelFileError(file: file, reason: "there is no tensor '\(name)'") }
        guard [.float32, .float16, .bfloat16].contains(entry.elementType) else {
            throw ModelFileError(
                file: file,
                reason: "tensor '\(name)' holds \(entry.elementType.rawValue) where F32, F16 or BF16 is expected")
        }
        return entry
    }

    /// The named tensor's elements; an error where it does not hold integers.
    package func integers(_ name: String) throws(ModelFileError) -> [Int] {
        guard let integers = try tensor(name).integers() else {
            throw ModelFileError(file: file, reason: "'\(name)' does not hold integers")
        }
        return integers
    }

    /// The named tensor's elements; an error where it does not hold F64.
    package func doubles(_ name: String) throws(ModelFileError) -> [Double] {
        guard let doubles = try tensor(name).doubles() else {
            throw ModelFileError(file: file, reason: "'\(name)' does not hold F64")
        }
        return doubles
    }

    /// Every tensor by name.
    package func allTensors() throws(ModelFileError) -> [String: StoredTensor] {
        var tensors: [String: StoredTensor] = [:]
        for name in names { tensors[name] = try tensor(name) }
        return tensors
    }

    /// The reference implementation demands it too: no holes, no overlap, nothing after the last tensor.
    private func checkThatRangesTileTheData() throws(ModelFileError) {
        var end = 0
        let byPlace = entries.sorted {
            ($0.value.range.lowerBound, $0.value.range.upperBound, $0.key)
                < ($1.value.range.lowerBound, $1.value.range.upperBound, $1.key)
        }
        for (name, entry) in byPlace {
            guard entry.range.lowerBound == end else {
                let fault = entry.range.lowerBound < end ? "overlaps another tensor" : "does not follow the tensor before it"
                throw Self.damaged(file, "tensor '\(name)' \(fault)")
            }
            end = entry.range.upperBound
        }
        guard end == data.count else {
            throw Self.damaged(file, "its header describes \(end) bytes of data and the file holds \(data.count)")
        }
    }

    private static func damaged(_ file: String, _ fault: String) -> ModelFileError {
        ModelFileError(file: file, reason: "the file is damaged: \(fault)")
    }
}

/// What is wrong with one header entry, as the rest of a sentence that starts with the tensor's name.
struct HeaderFault: Error, CustomStringConvertible {
    var description: String
    /// Or else the file is whole, and has what only other programs read.
    var isDamage = true
}

extension SafeTensors {
    /// Types of the format that no model here is read from.
    private static let foreignTypes = ["F8_E5M2", "F8_E8M0", "F4", "F6_E2M3", "F6_E3M2", "C64"]

    /// One tensor's header entry: `{"dtype": "F32", "shape": [2, 3], "data_offsets": [0, 24]}`.
    static func entry(_ value: JSON) throws(HeaderFault) -> Entry {
        guard let type = value["dtype"]?.string else { throw HeaderFault(description: "has no dtype") }
        guard let elementType = ElementType(rawValue: type) else {
            guard foreignTypes.contains(type) else { throw HeaderFault(description: "has the unknown dtype '\(type)'") }
            throw HeaderFault(description: "is stored as \(type), which cannot be read", isDamage: false)
        }
        guard let shape = naturals(value["shape"]) else {
            throw HeaderFault(description: "has no shape of non-negative integers")
        }
        guard let offsets = naturals(value["data_offsets"]), offsets.count == 2, offsets[0] <= offsets[1] else {
            throw HeaderFault(description: "has no data_offsets [begin, end]")
        }
        guard let size = byteCount(shape: shape, elementType: elementType), size == offsets[1] - offsets[0] else {
            throw HeaderFault(
                description: "has \(offsets[1] - offsets[0]) bytes, which do not make \(type) of shape \(shape)")
        }
        return Entry(elementType: elementType, shape: shape, range: offsets[0]..<offsets[1])
    }

    static func metadata(_ value: JSON?, file: String) throws(ModelFileError) -> [String: String] {
        guard let value else { return [:] }
        guard let members = value.object, members.values.allSatisfy({ $0.string != nil }) else {
            throw ModelFileError(file: file, reason: "the file is damaged: its __metadata__ is not an object of strings")
        }
        return members.compactMapValues(\.string)
    }

    private static func naturals(_ value: JSON?) -> [Int]? {
        guard let elements = value?.array else { return nil }
        let numbers = elements.compactMap(\.integer)
        return numbers.count == elements.count && numbers.allSatisfy { $0 >= 0 } ? numbers : nil
    }

    /// Nil where the size does not fit an integer.
    private static func byteCount(shape: [Int], elementType: ElementType) -> Int? {
        var size = elementType.size
        for extent in shape {
            let (product, overflow) = size.multipliedReportingOverflow(by: extent)
            if overflow { return nil }
            size = product
        }
        return size
    }
}

/// The mapped bytes of a file, read on demand. A rename that replaces the file does not change them.
final class FileMapping: @unchecked Sendable {
    private let memory: UnsafeMutableRawPointer?
    private let count: Int

    /// `nil` where there is no file that can be read.
    init?(of url: URL) {
        let descriptor = open(url.path, O_RDONLY | O_CLOEXEC)
        guard descriptor >= 0 else { return nil }
        defer { close(descriptor) }
        var status = stat()
        guard fstat(descriptor, &status) == 0, status.st_mode & S_IFMT == S_IFREG else { return nil }
        count = Int(status.st_size)
        guard count > 0 else {
            memory = nil
            return
        }
        let memory = mmap(nil, count, PROT_READ, MAP_PRIVATE, descriptor, 0)
        guard memory != MAP_FAILED else { return nil }
        self.memory = memory
    }

    deinit { if let memory { munmap(memory, count) } }

    /// The whole file; it keeps the mapping alive.
    var data: Data {
        guard let memory else { return Data() }
        return Data(bytesNoCopy: memory, count: count, deallocator: .custom { _, _ in withExtendedLifetime(self) {} })
    }

    /// Releases the memory of a range that was read, except pages that its neighbours share. A later use reads it again.
    func release(_ range: Range<Int>) {
        guard let memory else { return }
        let page = Int(sysconf(Int32(_SC_PAGESIZE)))
        let (start, end) = ((range.lowerBound + page - 1) / page * page, min(range.upperBound, count) / page * page)
        if start < end { madvise(memory + start, end - start, MADV_DONTNEED) }
    }
}
