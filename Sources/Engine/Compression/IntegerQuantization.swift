/// Why a model cannot be quantized as asked; a full sentence with the way out.
public struct QuantizationError: Error, Hashable, Sendable, CustomStringConvertible {
    public var description: String

    init(_ description: String) { self.description = description }
}

/// Symmetric integers per group of inputs, round to nearest (METHODS §3).
///
/// A group's scale is max|w| / (2^(bits−1) − 1), and its codes run from −(2^(bits−1) − 1) to 2^(bits−1) − 1: the most
/// negative integer is not used, so that w and −w are equally exact.
public struct IntegerQuantization: Hashable, Sendable {
    /// Bits per weight: 4 or 8.
    public let bits: Int
    /// Consecutive inputs that share a scale; 0 is one scale per output.
    public let groupSize: Int

    public init(bits: Int, groupSize: Int) throws(QuantizationError) {
        guard bits == 4 || bits == 8 else { throw QuantizationError("Weights of \(bits) bits are not supported; use 4 or 8.") }
        guard groupSize >= 0, groupSize % 8 == 0 else {
            throw QuantizationError(
                "A group size of \(groupSize) is not supported; use a multiple of 8, or 0 for one scale per output.")
        }
        self.bits = bits
        self.groupSize = groupSize
    }

    var largestCode: Int { 1 << (bits - 1) - 1 }

    /// Quantizes a row-major [rows, columns] matrix; its groups run along a row.
    ///
    /// - Parameter name: the matrix's name in errors.
    public func quantize(
        _ weights: [Float], rows: Int, columns: Int, name: String = "the matrix"
    ) throws(QuantizationError) -> QuantizedMatrix {
        precondition(weights.count == rows * columns, "weights do not fill the matrix")
        let group = groupSize == 0 ? max(columns, 1) : groupSize
        guard columns % group == 0 else {
            throw QuantizationError(
                """
                \(name) has \(columns) inputs, which is not a multiple of the group size \(groupSize); \
                use \(advice(columns: columns)), or ignore the layer.
                """)
        }
        guard weights.allSatisfy(\.isFinite) else {
            throw QuantizationError("\(name) holds a weight that is not a finite number; the model has diverged.")
        }
        var codes = [Int8](repeating: 0, count: weights.count)
        var scales: [Float] = []
        scales.reserveCapacity(weights.count / group)
        for start in stride(from: 0, to: weights.count, by: group) {
            let range = start..<start + group
            let scale = scale(of: weights[range])
            for index in range {
                let code = (weights[index] / scale).rounded(.toNearestOrEven)
                codes[index] = Int8(min(max(code, Float(-largestCode)), Float(largestCode)))
            }
            scales.append(scale)
        }
        return QuantizedMatrix(codes: codes, scales: scales, rows: rows, columns: columns, bits: bits, groupSize: group)
    }

    /// 1 for a group of zeros, or of numbers too small for their quotient to be a normal float.
    private func scale(of group: ArraySlice<Float>) -> Float {
        let scale = group.reduce(0) { max($0, abs($1)) } / Float(largestCode)
        return scale.isNormal ? scale : 1
    }

    private func advice(columns: Int) -> String {
        let fitting = stride(from: groupSize, to: 0, by: -8).first { columns % $0 == 0 }
        return fitting.map { "a group size of \($0), or 0 for one scale per output" }
            ?? "a group size of 0 (one scale per output)"
    }
}
