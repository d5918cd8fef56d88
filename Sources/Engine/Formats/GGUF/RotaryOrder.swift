/// Llama's converter reorders the rows of q and k, because ggml turns neighbours where Hugging Face's models turn the two
/// halves of a head: row 2i + j of a head there is row j·d/2 + i here.
struct RotaryPairing {
    let headDimension: Int

    /// How q and k of a parameter are to be reordered; `nil` for other parameters, and for other families.
    init?(_ parameter: Parameter, of configuration: ModelConfiguration) {
        guard configuration.family.gguf.pairsNeighbours, parameter.isRotated else { return nil }
        headDimension = configuration.headDimension
    }

    /// Rows as halves → rows as neighbours.
    func interleaved(_ rows: [Float], columns: Int) -> [Float] {
        reordered(rows, columns: columns) { row in row % 2 * (headDimension / 2) + row / 2 }
    }

    /// Rows as neighbours → rows as halves.
    func halved(_ rows: [Float], columns: Int) -> [Float] {
        reordered(rows, columns: columns) { row in row % (headDimension / 2) * 2 + row / (headDimension / 2) }
    }

    /// - Parameter source: the row of a head that a row of the result is taken from.
    private func reordered(_ rows: [Float], columns: Int, source: (Int) -> Int) -> [Float] {
        var result: [Float] = []
        result.reserveCapacity(rows.count)
        for row in 0..<rows.count / columns {
            let start = (row / headDimension * headDimension + source(row % headDimension)) * columns
            result.append(contentsOf: rows[start..<start + columns])
        }
        return result
    }
}

extension GGUFFile {
    /// The tensor with the divisor of each pair's frequency.
    static let ropeFactors = "rope_freqs.weight"

    /// Llama 3's scaling. A GGUF file has only the divisor of each pair's frequency, so the published scalings are tried in
    /// turn. Other divisors are refused.
    func llama3Scaling(_ configuration: ModelConfiguration) throws(ModelFileError) -> RotaryScaling? {
        guard let tensor = tensors[Self.ropeFactors] else { return nil }
        guard tensor.shape == [configuration.turnedChannels / 2] else {
            throw ModelFileError(
                file: file, reason: "'\(Self.ropeFactors)' is not of shape [\(configuration.turnedChannels / 2)]")
        }
        let factors = floats(tensor)
        if factors.allSatisfy({ $0 == 1 }) { return nil }
        for original in [8192, 4096, 2048, configuration.maximumPositions] {
            let scaling = try? Llama3Scaling(
                factor: Double((factors.max() ?? 1).description) ?? 1, lowFrequencyFactor: 1, highFrequencyFactor: 4,
                originalPositions: original)
            if let scaling, Self.agree(factors, configuration.ropeFactors(scaling)) { return .llama3(scaling) }
        }
        throw ModelFileError(
            file: file,
            reason: "'\(Self.ropeFactors)' are not those of Llama 3's scaling, the only one that can be read")
    }

    private static func agree(_ some: [Float], _ others: [Float]) -> Bool {
        zip(some, others).allSatisfy { abs($0 - $1) <= 1e-4 * max(abs($0), abs($1)) }
    }
}

extension ModelConfiguration {
    /// The divisor of each pair's frequency.
    func ropeFactors(_ scaling: Llama3Scaling) -> [Float] {
        let half = turnedChannels / 2
        let logTheta = PortableMath.log(ropeTheta)
        return (0..<half).map { pair in
            let plain = PlainFrequency(pair: pair, half: half, logTheta: logTheta).frequency
            return plain / scaling.scaled(plain)
        }
    }
}
