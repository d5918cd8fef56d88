import CanonicalJSON

/// What is wrong with one header entry, as the rest of a sentence that starts with the tensor's name.
struct HeaderFault: Error, CustomStringConvertible {
    var description: String
}

extension SafeTensors {
    /// One tensor's header entry: `{"dtype": "F32", "shape": [2, 3], "data_offsets": [0, 24]}`.
    static func entry(_ value: JSON) throws(HeaderFault) -> Entry {
        guard let type = value["dtype"]?.string else { throw HeaderFault(description: "has no dtype") }
        guard let elementType = ElementType(rawValue: type) else {
            throw HeaderFault(description: "has the unknown dtype '\(type)'")
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
