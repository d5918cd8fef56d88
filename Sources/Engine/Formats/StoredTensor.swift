import Foundation

/// A tensor as a file holds it: element type, shape and little-endian row-major bytes.
package struct StoredTensor: Hashable, Sendable {
    package let elementType: ElementType
    package let shape: [Int]
    /// A part of a file, or memory of its own; the first byte has any index.
    package let bytes: Data

    /// The caller has checked that `bytes` fills the shape.
    init(elementType: ElementType, shape: [Int], bytes: Data) {
        self.elementType = elementType
        self.shape = shape
        self.bytes = bytes
    }

    init(elementType: ElementType, shape: [Int], bytes: [UInt8]) {
        self.init(elementType: elementType, shape: shape, bytes: Data(bytes))
    }

    /// A float32 tensor; `floats` holds as many elements as `shape` names.
    package init(_ floats: [Float], shape: [Int]) {
        self.init(elements: floats, elementType: .float32, shape: shape)
    }

    package init(_ integers: [Int32], shape: [Int]) {
        self.init(elements: integers, elementType: .int32, shape: shape)
    }

    package init(_ integers: [UInt8], shape: [Int]) {
        self.init(elements: integers, elementType: .uint8, shape: shape)
    }

    package init(_ integers: [UInt16], shape: [Int]) {
        self.init(elements: integers, elementType: .uint16, shape: shape)
    }

    package init(_ integers: [Int64], shape: [Int]) {
        self.init(elements: integers, elementType: .int64, shape: shape)
    }

    /// A float64 tensor; named, so that literals stay floats.
    package init(doubles: [Double], shape: [Int]) {
        self.init(elements: doubles, elementType: .float64, shape: shape)
    }

    private init(elements: [some BitwiseCopyable], elementType: ElementType, shape: [Int]) {
        precondition(elements.count == shape.reduce(1, *), "elements do not fill the shape")
        self.init(elementType: elementType, shape: shape, bytes: elements.withUnsafeBytes { Data($0) })
    }

    /// Number of elements.
    package var count: Int { bytes.count / elementType.size }

    /// The elements of a F32, F16 or BF16 tensor as floats; nil for any other type.
    package func floats() -> [Float]? {
        switch elementType {
        case .float32: elements(of: Float.self)
        case .float16: elements(of: UInt16.self).map { HalfPrecision.float(fromFloat16: $0) }
        case .bfloat16: elements(of: UInt16.self).map { HalfPrecision.float(fromBFloat16: $0) }
        default: nil
        }
    }

    /// The elements of a F64 tensor; nil for any other type.
    package func doubles() -> [Double]? { elementType == .float64 ? elements(of: Double.self) : nil }

    /// The elements of a I8, I32, I64, U8 or U16 tensor; nil for any other type.
    package func integers() -> [Int]? {
        switch elementType {
        case .int8: elements(of: Int8.self).map(Int.init)
        case .uint8: elements(of: UInt8.self).map(Int.init)
        case .uint16: elements(of: UInt16.self).map(Int.init)
        case .int32: elements(of: Int32.self).map(Int.init)
        case .int64: elements(of: Int64.self).map(Int.init)
        default: nil
        }
    }

    /// The bytes seen as elements of a type whose size is that of the tensor's element type.
    func elements<Element: BitwiseCopyable>(of type: Element.Type) -> [Element] {
        [Element](unsafeUninitializedCapacity: count) { buffer, initialized in
            bytes.withUnsafeBytes { UnsafeMutableRawBufferPointer(buffer).copyMemory(from: $0) }
            initialized = count
        }
    }
}
