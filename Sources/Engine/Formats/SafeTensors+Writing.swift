import CanonicalJSON
import Foundation

extension SafeTensors {
    /// The bytes of a safetensors file: a canonical header padded with spaces to a multiple of eight bytes, with the metadata
    /// `{"format": "pt"}` that other libraries ask for, then the tensors: wider elements first, so that each is aligned, and
    /// by name among equals.
    package static func serialize(_ tensors: [String: StoredTensor]) -> Data {
        let parts = parts(of: tensors)
        var file = Data(capacity: parts.reduce(0) { $0 + $1.count })
        for part in parts { file.append(part) }
        return file
    }

    /// The bytes of `serialize` one after the other: the header, and the tensors' own bytes without a copy.
    package static func parts(of tensors: [String: StoredTensor]) -> [Data] {
        let sorted = sorted(tensors)
        let head = head(of: sorted.map { ($0.key, $0.value.elementType, $0.value.shape) })
        return [Data(head)] + sorted.map(\.value.bytes)
    }

    /// Writes the bytes of `serialize` without a full copy in memory.
    package static func write(_ tensors: [String: StoredTensor], to url: URL) throws {
        let sorted = sorted(tensors)
        try write(head(of: sorted.map { ($0.key, $0.value.elementType, $0.value.shape) }), to: url) { file in
            for (_, tensor) in sorted { try file.write(contentsOf: tensor.bytes) }
        }
    }

    /// Writes a model's weights tensor by tensor, without a second copy. The bytes are those of `serialize`.
    static func write(_ model: Model, to url: URL) throws {
        let sorted = model.parameters.sorted { $0.name.utf8.lexicographicallyPrecedes($1.name.utf8) }
        try write(head(of: sorted.map { ($0.name, .float32, $0.shape) }), to: url) { file in
            try model.values.withUnsafeBufferPointer { values in
                for parameter in sorted {
                    try file.write(contentsOf: UnsafeRawBufferPointer(UnsafeBufferPointer(rebasing: values[parameter.range])))
                }
            }
        }
    }

    /// Writes tensors one after the other, in the order of their declarations. `make` gets a function that takes the next one.
    static func write(
        _ tensors: [(name: String, type: ElementType, shape: [Int])], to url: URL,
        _ make: (_ append: (StoredTensor) throws -> Void) throws -> Void
    ) throws {
        try write(head(of: tensors), to: url) { file in
            var rest = tensors[...]
            try make { tensor in
                let next = rest.popFirst()
                precondition(
                    next?.type == tensor.elementType && next?.shape == tensor.shape, "not the tensor that was declared")
                try file.write(contentsOf: tensor.bytes)
            }
            precondition(rest.isEmpty, "a declared tensor was not made")
        }
    }

    /// The new file replaces the old one as a whole, at the end. So tensors may still be read from the old one.
    private static func write(_ head: [UInt8], to url: URL, _ body: (FileHandle) throws -> Void) throws {
        let partial = url.appendingPathExtension("partial")
        try Data(head).write(to: partial)
        defer { try? FileManager.default.removeItem(at: partial) }
        let file = try FileHandle(forWritingTo: partial)
        defer { try? file.close() }
        try file.seekToEnd()
        try body(file)
        guard rename(partial.path, url.path) == 0 else { throw POSIXError(POSIXErrorCode(rawValue: errno) ?? .EIO) }
    }

    private static func sorted(_ tensors: [String: StoredTensor]) -> [(key: String, value: StoredTensor)] {
        tensors.sorted {
            let (left, right) = ($0.value.elementType.size, $1.value.elementType.size)
            return left == right ? $0.key.utf8.lexicographicallyPrecedes($1.key.utf8) : left > right
        }
    }

    /// Everything before the data, for tensors in this order.
    private static func head(of tensors: [(name: String, type: ElementType, shape: [Int])]) -> [UInt8] {
        var members: [String: JSON] = ["__metadata__": ["format": "pt"]]
        var end = 0
        for tensor in tensors {
            let start = end
            end += tensor.shape.reduce(tensor.type.size, *)
            members[tensor.name] = [
                "dtype": .string(tensor.type.rawValue),
                "shape": .array(tensor.shape.map { .integer(Int64($0)) }),
                "data_offsets": [.integer(Int64(start)), .integer(Int64(end))],
            ]
        }
        var header = JSON.object(members).canonicalBytes
        header.append(contentsOf: repeatElement(UInt8(ascii: " "), count: (8 - header.count % 8) % 8))
        return (0..<8).map { UInt8(truncatingIfNeeded: header.count >> (8 * $0)) } + header
    }
}
