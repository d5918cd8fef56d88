import CanonicalJSON
import Foundation

extension SafeTensors {
    /// The bytes of a safetensors file: a canonical header padded with spaces to a multiple of eight bytes, with the metadata
    /// `{"format": "pt"}` that other libraries ask for, then the tensors: wider elements first, so that each is aligned, and
    /// by name among equals.
    public static func serialize(_ tensors: [String: StoredTensor]) -> Data {
        let sorted = tensors.sorted {
            let (left, right) = ($0.value.elementType.size, $1.value.elementType.size)
            return left == right ? $0.key.utf8.lexicographicallyPrecedes($1.key.utf8) : left > right
        }
        var members: [String: JSON] = ["__metadata__": ["format": "pt"]]
        var end = 0
        for (name, tensor) in sorted {
            members[name] = [
                "dtype": .string(tensor.elementType.rawValue),
                "shape": .array(tensor.shape.map { .integer(Int64($0)) }),
                "data_offsets": [.integer(Int64(end)), .integer(Int64(end + tensor.bytes.count))],
            ]
            end += tensor.bytes.count
        }
        var header = JSON.object(members).canonicalBytes
        header.append(contentsOf: repeatElement(UInt8(ascii: " "), count: (8 - header.count % 8) % 8))

        var file = Data(capacity: 8 + header.count + end)
        file.append(contentsOf: (0..<8).map { UInt8(truncatingIfNeeded: header.count >> (8 * $0)) })
        file.append(contentsOf: header)
        for (_, tensor) in sorted { file.append(contentsOf: tensor.bytes) }
        return file
    }

    public static func write(_ tensors: [String: StoredTensor], to url: URL) throws {
        try serialize(tensors).write(to: url)
    }
}
