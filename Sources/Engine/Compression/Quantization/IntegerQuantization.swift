/// Why a model cannot be quantized as asked; a full sentence with the way out.
package struct QuantizationError: Error, Hashable, Sendable, CustomStringConvertible {
    package var description: String

    init(_ description: String) { self.description = description }
}

/// Symmetric integers per group of inputs (METHODS §3).
///
/// A group's scale is max|w| / (2^(bits−1) − 1), and its codes run from −(2^(bits−1) − 1) to 2^(bits−1) − 1: the most
/// negative integer is not used, so that w and −w are equally exact.
package struct IntegerQuantization: Hashable, Sendable {
    /// Bits per weight: 4 or 8.
    package let bits: Int
    /// Consecutive inputs that share a scale; 0 is one scale per output.
    package let groupSize: Int

    package init(bits: Int, groupSize: Int) throws(QuantizationError) {
        guard bits == 4 || bits == 8 else { throw QuantizationError("Weights of \(bits) bits are not supported; use 4 or 8.") }
        guard groupSize >= 0, groupSize % 8 == 0 else {
            throw QuantizationError(
                "A group size of \(groupSize) is not supported; use a multiple of 8, or 0 for one scale per output.")
        }
        (self.bits, self.groupSize) = (bits, groupSize)
    }

    /// INT8 with one scale per output.
    static let channels = IntegerQuantization()

    private init() { (bits, groupSize) = (8, 0) }

    var largestCode: Int { 1 << (bits - 1) - 1 }

    /// Rounds a row-major [rows, columns] matrix to nearest; its groups run along a row.
    ///
    /// - Parameter name: the matrix's name in errors.
    package func quantize(
        _ weights: [Float], rows: Int, columns: Int, name: String = "the matrix"
    ) throws(QuantizationError) -> QuantizedMatrix {
        try check(weights, rows: rows, columns: columns, name: name)
        return QuantizedMatrix(nearest(weights, rows: rows, columns: columns), bits: bits)
    }

    /// Refuses groups that do not fill a row, and weights that are no numbers.
    func check(_ weights: [Float], rows: Int, columns: Int, name: String) throws(QuantizationError) {
        precondition(weights.count == rows * columns, "weights do not fill the matrix")
        guard columns % group(columns) == 0 else {
            throw QuantizationError(
                """
                \(name) has \(columns) inputs, which is not a multiple of the group size \(groupSize); \
                use \(advice(columns: columns)), or ignore the layer.
                """)
        }
        guard weights.allSatisfy(\.isFinite) else {
            throw QuantizationError("\(name) holds a weight that is not a finite number; the model has diverged.")
        }
    }

    /// The number of inputs that share a scale, in a matrix of so many columns.
    func group(_ columns: Int) -> Int { groupSize == 0 ? max(columns, 1) : groupSize }

    /// The nearest codes of weights that were checked.
    func nearest(_ weights: [Float], rows: Int, columns: Int) -> IntegerCodes {
        let group = group(columns)
        var codes = [Int8](repeating: 0, count: weights.count)
        var scales: [Float] = []
        scales.reserveCapacity(weights.count / group)
        for start in stride(from: 0, to: weights.count, by: group) {
            let range = start..<start + group
            let scale = scale(largest: weights[range].reduce(0) { max($0, abs($1)) })
            for index in range {
                let code = (weights[index] / scale).rounded(.toNearestOrEven)
                codes[index] = Int8(min(max(code, Float(-largestCode)), Float(largestCode)))
            }
            scales.append(scale)
        }
        return IntegerCodes(codes: codes, scales: scales, rows: rows, columns: columns, groupSize: group)
    }

    /// The scale of a group whose largest magnitude this is: 1 for a group of zeros, or of numbers too small for their quotient
    /// to be a normal float.
    func scale(largest: Float) -> Float {
        let scale = largest / Float(largestCode)
        return scale.isNormal ? scale : 1
    }

    private func advice(columns: Int) -> String {
        let fitting = stride(from: groupSize, to: 0, by: -8).first { columns % $0 == 0 }
        return fitting.map { "a group size of \($0), or 0 for one scale per output" }
            ?? "a group size of 0 (one scale per output)"
    }
}

/// A matrix in integers: a code per weight, a scale per group. weight = code · scale.
struct IntegerCodes: Hashable, Sendable {
    /// Row-major [rows, columns].
    var codes: [Int8]
    /// [rows, columns / groupSize]
    var scales: [Float]
    let rows: Int
    let columns: Int
    let groupSize: Int

    var groupsPerRow: Int { columns / groupSize }

    /// The weights, row-major [rows, columns].
    func dequantized() -> [Float] {
        codes.indices.map { index in
            Float(codes[index]) * scales[index / columns * groupsPerRow + index % columns / groupSize]
        }
    }
}

extension QuantizedMatrix {
    init(_ codes: IntegerCodes, bits: Int) {
        self.init(
            codes: codes.codes, scales: codes.scales, rows: codes.rows, columns: codes.columns, bits: bits,
            groupSize: codes.groupSize)
    }
}
