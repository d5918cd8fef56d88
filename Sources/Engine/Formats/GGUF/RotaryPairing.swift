/// Llama's converter reorders the rows of q and k, because ggml turns neighbours where Hugging Face's models turn the two
/// halves of a head: row 2i + j of a head there is row j·d/2 + i here.
struct RotaryPairing {
    let headDimension: Int

    /// How q and k of a parameter are to be reordered; `nil` for other parameters, and for other families.
    init?(_ parameter: Parameter, of configuration: ModelConfiguration) {
        guard configuration.family.ggufPairsNeighbours, parameter.isRotated else { return nil }
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
