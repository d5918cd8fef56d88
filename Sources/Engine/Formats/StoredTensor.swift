import Foundation

/// A tensor as a file holds it: element type, shape and little-endian row-major bytes.
package struct StoredTensor: Hashable, Sendable {
    package let elementType: ElementType
    package let shape: [Int]
    /// A part of a file, or its own memory. The first index need not be 0.
    package let bytes: Data

    /// The caller has checked that `bytes` fills the shape.
    init(elementType: ElementType, shape: [Int], bytes: Data) {
        (self.elementType, self.shape, self.bytes) = (elementType, shape, bytes)
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

/// The type of a stored tensor's elements, under its safetensors name.
package enum ElementType: String, Hashable, Sendable, CaseIterable {
    case bool = "BOOL"
    case uint8 = "U8"
    case int8 = "I8"
    case float8 = "F8_E4M3"
    case int16 = "I16"
    case uint16 = "U16"
    case float16 = "F16"
    case bfloat16 = "BF16"
    case int32 = "I32"
    case uint32 = "U32"
    case float32 = "F32"
    case int64 = "I64"
    case uint64 = "U64"
    case float64 = "F64"

    /// Bytes an element takes.
    package var size: Int {
        switch self {
        case .bool, .uint8, .int8, .float8: 1
        case .int16, .uint16, .float16, .bfloat16: 2
        case .int32, .uint32, .float32: 4
        case .int64, .uint64, .float64: 8
        }
    }
}

/// Half-precision bit patterns widened by hand, so that every CPU and compiler gives the same bits.
enum HalfPrecision {
    /// IEEE 754 binary16: 5 exponent bits with bias 15, 10 fraction bits.
    static func float(fromFloat16 bits: UInt16) -> Float {
        let sign = UInt32(bits & 0x8000) << 16
        let exponent = UInt32(bits >> 10) & 0x1F
        let fraction = UInt32(bits & 0x3FF)
        switch exponent {
        case 0:
            // Zero or subnormal: the fraction counts steps of 2⁻²⁴, which a Float holds exactly.
            let magnitude = Float(fraction) * Float(bitPattern: (127 - 24) << 23)
            return Float(bitPattern: magnitude.bitPattern | sign)
        case 0x1F:
            return Float(bitPattern: sign | 0x7F80_0000 | fraction << 13)
        default:
            return Float(bitPattern: sign | (exponent + 127 - 15) << 23 | fraction << 13)
        }
    }

    /// bfloat16: the upper half of a Float.
    static func float(fromBFloat16 bits: UInt16) -> Float { Float(bitPattern: UInt32(bits) << 16) }
}

extension HalfPrecision {
    /// The nearest binary16, of two equally near ones the even; infinity beyond its range.
    static func float16(from value: Float) -> UInt16 {
        let sign = UInt16(truncatingIfNeeded: value.bitPattern >> 16) & 0x8000
        let magnitude = value.bitPattern & 0x7FFF_FFFF
        switch magnitude {
        case 0x7F80_0001...: return sign | 0x7E00
        // 65520 lies half-way to what would come after the largest number.
        case 0x477F_F000...: return sign | 0x7C00
        case 0x3880_0000...:
            let rebased = magnitude - (127 - 15) << 23
            return sign | UInt16(truncatingIfNeeded: (rebased + 0xFFF + (rebased >> 13 & 1)) >> 13)
        default:
            // Subnormal: a count of steps of 2⁻²⁴, rounded to even by the addition itself.
            let steps = Float(bitPattern: magnitude) + Float(bitPattern: (127 - 1) << 23)
            return sign | UInt16(truncatingIfNeeded: steps.bitPattern - (127 - 1) << 23)
        }
    }

    /// Little-endian binary16 numbers as floats; `target` holds as many.
    static func widenFloat16(_ source: UnsafeRawBufferPointer, into target: UnsafeMutableBufferPointer<Float>) {
        for place in target.indices {
            target[place] = float(fromFloat16: source.loadUnaligned(fromByteOffset: 2 * place, as: UInt16.self))
        }
    }

    static func widenBFloat16(_ source: UnsafeRawBufferPointer, into target: UnsafeMutableBufferPointer<Float>) {
        for place in target.indices {
            target[place] = float(fromBFloat16: source.loadUnaligned(fromByteOffset: 2 * place, as: UInt16.self))
        }
    }
}
